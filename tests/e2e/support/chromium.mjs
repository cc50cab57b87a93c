// Debian's Chromium, driven by playwright-core.

import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const artifacts = fileURLToPath(new URL('../artifacts/', import.meta.url));

export function launchChromium() {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A page in a fresh profile, closed after the test. `problems` collects what the console complains about. */
export async function openPage(t, chromium, options = {}) {
  const context = await chromium.newContext(options);
  t.after(() => context.close());
  context.setDefaultTimeout(20_000);
  const problems = [];
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text());
  });
  context.on('weberror', (event) => problems.push(String(event.error())));
  return { page: await context.newPage(), problems };
}

/** Pictures for a person to look at; nothing compares them. */
export async function screenshot(page, name) {
  await mkdir(artifacts, { recursive: true });
  await page.screenshot({ path: `${artifacts}${name}.png`, fullPage: true });
}
