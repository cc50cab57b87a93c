// WCAG 2.2 AA, as far as axe can tell, and what it cannot: the keyboard, the focus, and the width of a phone.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, describe, test } from 'node:test';
import { launchChromium, screenshot } from './support/chromium.mjs';
import { goTo, openPlayground } from './support/playground.mjs';
import { startServer } from './support/server.mjs';

const chromium = await launchChromium();
const server = await startServer();
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
after(async () => {
  await chromium.close();
  await server.stop();
});

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

async function assertAccessible(page, name) {
  // Colours are those that they change to, not those on the way.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const { passes, violations, incomplete } = await page.evaluate((tags) => globalThis.axe.run({ runOnly: tags }), RULES);
  const summary = (all) => all.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, any }) => `${html} ${any.map((it) => it.message)}`).join('\n  ')}`);
  assert.ok(passes.length > 10, `${name}: only ${passes.length} rules had anything to look at`);
  assert.deepEqual(summary(violations), [], name);
  assert.deepEqual(summary(incomplete.filter(({ id }) => id !== 'color-contrast')), [], `${name}: to be looked at`);
}

/** Nothing goes beyond the side, and what can be hit is large enough (WCAG 2.2, 2.5.8). */
async function assertFits(page, width, name) {
  const [wide, small] = await page.evaluate(() => {
    const { document } = globalThis;
    const targets = [...document.querySelectorAll('a.button, button, select, summary, input:not([type=hidden]):not([type=radio]), textarea, nav a, .examples a')];
    const sizes = targets.map((target) => [target.outerHTML.slice(0, 80), target.getBoundingClientRect()]);
    const isSmall = ([, { width, height }]) => width > 0 && (height < 24 || width < 24);
    return [document.documentElement.scrollWidth, sizes.filter(isSmall).map(([html]) => html)];
  });
  assert.ok(wide <= width, `${name}: ${wide} px wide`);
  assert.deepEqual(small, [], name);
}

/** Each page of the way, as `visit` gets to see it. */
async function eachPage(page, visit) {
  await visit('start');
  await page.check('input[name="client"][value="bank"]');
  await page.selectOption('#sending', 'encrypted');
  await page.selectOption('#dpop', 'yes');
  await page.fill('#further', 'authorization_details=[{"type":"payment","amount":12.50,"creditor":"Merchant of a very long name"}]');
  await goTo(page, '#push');
  for (const summary of await page.$$('details:not([open]) > summary')) await summary.click();
  await visit('pushed');
  // Anew, since a look at a page can take longer than a request waits.
  await goTo(page, '#again');
  await goTo(page, '#push');
  await goTo(page, '#open');
  await page.waitForSelector('#approve');
  await visit('consent');
  await goTo(page, '#approve');
  await page.waitForSelector('#redeem');
  await goTo(page, '#redeem');
  await goTo(page, '#resource');
  await visit('token');
  const run = page.url().split('#')[0];
  await goTo(page, '#open');
  await visit('error');
  await page.goto(run);
  await visit('refused');
  await page.goto(`${server.url}/playground/run/none`);
  await visit('no run');
}

for (const colorScheme of ['light', 'dark']) {
  for (const width of [360, 1280]) {
    test(`every page is accessible, ${colorScheme}, ${width} px wide`, async (t) => {
      // axe is evaluated by the driver, which a page's policy does not bind.
      const options = { colorScheme, viewport: { width, height: 800 }, bypassCSP: true };
      const { page } = await openPlayground(t, chromium, server, options);
      await page.addInitScript(axe);
      await page.reload();
      await eachPage(page, async (name) => {
        await screenshot(page, `playground-${colorScheme}-${width}-${name.replace(' ', '-')}`);
        await assertFits(page, width, name);
        await assertAccessible(page, name);
      });
    });
  }
}

test('every width fits, from 320 px, which is a wide screen at 400 %', async (t) => {
  const { page } = await openPlayground(t, chromium, server, { viewport: { width: 320, height: 800 } });
  await goTo(page, '#push');
  const run = page.url();
  for (const url of [run, `${server.url}/`, `${server.url}/?preset=fapi2_message_signing`]) {
    await page.goto(url);
    for (const width of [320, 360, 480, 600, 768, 1024, 1600]) {
      await page.setViewportSize({ width, height: 800 });
      await assertFits(page, width, `${url} at ${width}`);
    }
  }
});

/** What has the focus, and whether one can see it. */
const focused = (page) =>
  page.evaluate(() => {
    const { document, getComputedStyle, innerHeight } = globalThis;
    const { activeElement: element } = document;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const { top, bottom } = element.getBoundingClientRect();
    return {
      name: element.id || element.getAttribute('value') || element.textContent.trim().slice(0, 40),
      isBody: element === document.body,
      isVisible: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && bottom > 0 && top < innerHeight,
    };
  });

/**
 * Presses Tab until this has the focus. Every stop on the way must be visible. The page as a whole has it once at most: past its end, or
 * when the key was faster than the page.
 */
async function tabTo(page, wanted) {
  let bodies = 0;
  for (let stops = 0; stops < 100; stops++) {
    await page.keyboard.press('Tab');
    const { name, isBody, isVisible } = await focused(page);
    if (isBody) {
      bodies += 1;
      assert.ok(bodies < 2, `the focus is lost before ${wanted}`);
      continue;
    }
    assert.ok(isVisible, `the focus is on ${name}, and cannot be seen`);
    if (name === wanted) return stops;
  }
  return assert.fail(`Tab does not get to ${wanted}`);
}

async function press(page, key) {
  const navigated = page.waitForEvent('framenavigated');
  await page.keyboard.press(key);
  await navigated;
  await page.waitForLoadState();
}

describe('with the keyboard alone', () => {
  for (const javaScriptEnabled of [true, false]) {
    test(`a run gets from the form to the API, ${javaScriptEnabled ? 'with' : 'without'} a script`, async (t) => {
      const { page } = await openPlayground(t, chromium, server, { javaScriptEnabled });
      assert.equal(await tabTo(page, 'To the content'), 0);
      await tabTo(page, 'web');
      for (const client of ['shop', 'tenants', 'bank']) {
        await page.keyboard.press('ArrowDown');
        assert.equal(await page.inputValue('input[name="client"]:checked'), client);
      }
      await tabTo(page, 'sending');
      await page.keyboard.press('ArrowDown');
      assert.equal(await page.inputValue('#sending'), 'signed');
      await tabTo(page, 'scope');
      await page.keyboard.type('accounts');
      await tabTo(page, 'push');
      await press(page, 'Enter');
      await tabTo(page, 'open');
      await press(page, 'Enter');
      await tabTo(page, 'approve');
      await press(page, 'Enter');
      await tabTo(page, 'redeem');
      await press(page, 'Space');
      await tabTo(page, 'resource');
      await press(page, 'Enter');
      assert.match(await page.textContent('#latest'), /200 OK[\s\S]*"scope": "accounts"/);

      await tabTo(page, 'again');
      await press(page, 'Enter');
      assert.equal(await page.inputValue('#sending'), 'signed');
    });
  }
});
