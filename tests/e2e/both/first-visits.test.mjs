// First visits of real browsers behind a load balancer: each request goes to the other node.

import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { startBalancer } from '../support/balancer.mjs';
import { clickTwice, launchChromium, openPage } from '../support/chromium.mjs';
import { link, startClientSite } from '../support/client-site.mjs';
import { pushed, web } from '../support/oauth.mjs';
import { startServer } from '../support/server.mjs';
import { stores } from '../support/stores.mjs';

const site = await startClientSite();
const client = { ...web, redirect_uris: [site.redirectUri] };
const chromium = await launchChromium();
const LATENCY = 300;
after(async () => {
  await chromium.close();
  await site.stop();
});

for (const [kind, start] of Object.entries(stores)) {
  suite(`two nodes behind a balancer and ${kind}`, async () => {
    const store = await start();
    const balancer = await startBalancer({ latency: LATENCY });
    const config = { clients: [client], secret: 'what all nodes of this issuer share, and nobody else' };
    const nodes = await Promise.all(
      ['axum', 'actix'].map((example) => startServer(config, ['--issuer', balancer.url, '--store', store.url], { example })),
    );
    balancer.serve(...nodes);
    after(async () => {
      await balancer.stop();
      await Promise.all(nodes.map((node) => node.stop()));
      await store.remove();
    });

    /** A client's page with a link to the server, in a fresh browser. */
    async function shop(t, request) {
      const { page } = await openPage(t, chromium);
      await page.goto(site.serve('/shop', link(request.url)));
      balancer.taken();
      return page;
    }

    async function approves(page, request) {
      await page.waitForSelector('#approve');
      await page.click('#approve');
      await page.waitForSelector('#arrived');
      const { parameters } = site.received().at(-1);
      assert.ok(parameters.code, JSON.stringify(parameters));
      assert.equal(parameters.state, request.parameters.state);
    }

    // The first click is still on its way, has just been sent back or on, or has opened the request.
    for (const pause of [50, 150, 250, 400, 500, 700, 800, 1000]) {
      test(`a double click on a link, ${pause} ms apart, opens a page that can be decided`, async (t) => {
        const request = await pushed(balancer, client);
        const page = await shop(t, request);
        await clickTwice(page, '#go', pause);
        await approves(page, request);
        const strangers = balancer.taken().filter(({ path, cookies }) => path === '/authorize' && cookies === '');
        if (pause < LATENCY) assert.equal(new Set(strangers.map(({ node }) => node)).size, 2, 'both nodes were asked first');
      });
    }

    test('two tabs that open a link at once are of one browser', async (t) => {
      for (let round = 0; round < 5; round += 1) {
        const { page } = await openPage(t, chromium);
        const tabs = [page, await page.context().newPage(), await page.context().newPage()];
        const request = await pushed(balancer, client);
        await Promise.all(tabs.map((tab) => tab.goto(request.url)));
        for (const tab of tabs) await tab.waitForSelector('#approve');
        await approves(tabs[round % tabs.length], request);
      }
    });

    test('another browser is refused, and the first one can still decide', async (t) => {
      const request = await pushed(balancer, client);
      const { page } = await openPage(t, chromium);
      await page.goto(request.url);
      for (let visit = 0; visit < 2; visit += 1) {
        const { page: other } = await openPage(t, chromium);
        for (let again = 0; again < 3; again += 1) {
          const answer = await other.goto(request.url);
          assert.equal(answer.status(), 400);
          assert.equal(await other.textContent('#error'), 'invalid_request_uri');
        }
      }
      assert.equal(page.url(), request.url, 'the address is what the client has sent');
      await page.reload();
      await approves(page, request);
    });

    test('of two browsers at once one is refused', async (t) => {
      for (let round = 0; round < 5; round += 1) {
        const request = await pushed(balancer, client);
        const browsers = [await openPage(t, chromium), await openPage(t, chromium)];
        const answers = await Promise.all(browsers.map(({ page }) => page.goto(request.url)));
        const statuses = answers.map((answer) => answer.status());
        assert.deepEqual(statuses.toSorted(), [200, 400]);
        await approves(browsers[statuses.indexOf(200)].page, request);
      }
    });
  });
}
