// The playground in a browser: its pages, and the way from one to the next.

import { openPage } from './chromium.mjs';

/** Opens the start page, with a query that fills in the form. */
export async function openPlayground(t, chromium, server, { query = '', ...options } = {}) {
  const { page, problems } = await openPage(t, chromium, options);
  await page.goto(`${server.url}/${query}`);
  return { page, problems };
}

/** Everything that went over the wire so far, as the page shows it. */
export const wire = (page) => page.textContent('.steps');

/** Clicks, and waits until the page that this leads to is there. */
export async function goTo(page, selector) {
  const navigated = page.waitForEvent('framenavigated');
  await page.click(selector);
  await navigated;
  await page.waitForLoadState();
}

/** From the pushed request to the answer of the API. */
export async function goToResource(page) {
  await goTo(page, '#open');
  await goTo(page, '#approve');
  await page.waitForSelector('#redeem');
  await goTo(page, '#redeem');
  await goTo(page, '#resource');
}
