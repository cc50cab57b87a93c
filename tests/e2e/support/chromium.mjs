// Debian's Chromium, driven by playwright-core.

import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
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
      // Newer ones take the second click on a link for none. Other browsers, and older ones, ask again.
      '--disable-features=IgnoreDuplicateNavs',
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

/** Every answer takes so many milliseconds on its way. */
export async function delay(page, latency) {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency,
    downloadThroughput: -1,
    uploadThroughput: -1,
  });
}

/** Two clicks of a person, in one place. */
export async function clickTwice(page, selector, pause) {
  const box = await page.locator(selector).boundingBox();
  const place = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.click(...place);
  await sleep(pause);
  await page.mouse.click(...place);
}

/** Pictures for a person to look at; nothing compares them. */
export async function screenshot(page, name) {
  await mkdir(artifacts, { recursive: true });
  await page.screenshot({ path: `${artifacts}${name}.png`, fullPage: true });
}
