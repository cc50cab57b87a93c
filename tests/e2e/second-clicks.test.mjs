import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Browser } from './support/browser.mjs';
import { clickTwice, delay, launchChromium, openPage } from './support/chromium.mjs';
import { startClientSite } from './support/client-site.mjs';
import { assertRefusalPage, authorizeUrl, pushed, redeem, requestOf, web } from './support/oauth.mjs';
import { exchange } from './support/raw-http.mjs';
import { startServer } from './support/server.mjs';

const site = await startClientSite();
const client = { ...web, redirect_uris: [site.redirectUri] };
const server = await startServer({ clients: [client] });
const chromium = await launchChromium();
after(async () => {
  await chromium.close();
  await site.stop();
  await server.stop();
});

for (const [decision, ending] of [['approve', 'code'], ['deny', 'error']]) {
  for (const mode of ['query', 'form_post']) {
    test(`a double click on ${decision} ends at the client, ${mode}`, async (t) => {
      for (let round = 0; round < 3; round += 1) {
        const { page } = await openPage(t, chromium);
        const request = await pushed(server, client, { response_mode: mode });
        await page.goto(request.url);
        await delay(page, 400);
        await clickTwice(page, `#${decision}`, 100);
        await page.waitForSelector('#arrived');
        const { parameters } = site.received().at(-1);
        assert.ok(parameters[ending], JSON.stringify(parameters));
        if (ending === 'code') {
          assert.equal((await redeem(server, client, { ...request, code: parameters.code })).status, 200);
        }
      }
    });
  }
}

test('a double click on a link opens a page that can be decided', async (t) => {
  for (let round = 0; round < 3; round += 1) {
    const { page } = await openPage(t, chromium);
    const request = await pushed(server, client);
    await page.goto(site.serve('/shop', `<a id="go" href="${request.url.replaceAll('&', '&amp;')}">sign in</a>`));
    await delay(page, 400);
    await clickTwice(page, '#go', 100);
    await page.waitForSelector('#approve');
    await page.click('#approve');
    await page.waitForSelector('#arrived');
    assert.ok(site.received().at(-1).parameters.code);
  }
});

test('two tabs that open a link at once can both decide, and the answer is one', async (t) => {
  const { page } = await openPage(t, chromium);
  const other = await page.context().newPage();
  const request = await pushed(server, client);
  await Promise.all([page.goto(request.url), other.goto(request.url)]);
  await page.click('#approve');
  await page.waitForSelector('#arrived');
  await other.click('#approve');
  await other.waitForSelector('#arrived');
  const [one, two] = site.received();
  assert.deepEqual(one.parameters, two.parameters);
});

test('two tabs with two requests do not get into each other\'s way', async (t) => {
  const { page } = await openPage(t, chromium);
  const other = await page.context().newPage();
  const requests = [await pushed(server, client), await pushed(server, client)];
  await Promise.all([page.goto(requests[0].url), other.goto(requests[1].url)]);
  for (const tab of [page, other]) {
    await tab.click('#approve');
    await tab.waitForSelector('#arrived');
  }
  assert.deepEqual(
    site.received().map(({ parameters }) => parameters.state),
    requests.map(({ parameters }) => parameters.state),
  );
});

test('the client of a form_post sees the origin of the server', async (t) => {
  const { page } = await openPage(t, chromium);
  const request = await pushed(server, client, { response_mode: 'form_post' });
  await page.goto(request.url);
  await page.click('#approve');
  await page.waitForSelector('#arrived');
  const [{ method, headers }] = site.received();
  assert.equal(method, 'POST');
  assert.equal(headers.origin, server.url);
  assert.ok([undefined, `${server.url}/`].includes(headers.referer), headers.referer);
});

test('the same decision again gets the same answer, at once and for some seconds', async () => {
  for (const decision of ['approve', 'deny']) {
    const request = await pushed(server, client);
    const browser = new Browser();
    const page = await browser.get(request.url);
    const answers = await Promise.all(Array.from({ length: 16 }, () => browser.decide(page, decision)));
    await sleep(3000);
    answers.push(await browser.decide(page, decision));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([303]));
    assert.equal(new Set(answers.map(({ location }) => location.href)).size, 1);
    const [{ response }] = answers;
    if (decision === 'approve') {
      assert.equal((await redeem(server, client, { ...request, code: response.code })).status, 200);
      assert.equal((await redeem(server, client, { ...request, code: response.code })).status, 400, 'once');
    }
    assertRefusalPage(await browser.get(request.url), 'invalid_request_uri');
  }
});

test('the answer is not for another browser, another decision, or later', async () => {
  const { url } = await pushed(server, client);
  const browser = new Browser();
  const page = await browser.get(url);
  assert.equal((await browser.decide(page, 'approve')).status, 303);
  assert.equal((await new Browser().decide(page, 'approve')).status, 400);
  const denied = await browser.decide(page, 'deny');
  assertRefusalPage(denied, 'invalid_request_uri');
  assert.match(denied.html, /answered already/i);
  await sleep(11_000);
  assertRefusalPage(await browser.decide(page, 'approve'), 'invalid_request_uri');
});

test('of two programs that visit at once, one opens the request', async () => {
  const { url } = await pushed(server, client);
  const browsers = [new Browser(), new Browser()];
  const pages = await Promise.all(browsers.map((browser) => browser.get(url)));
  const statuses = pages.map(({ status }) => status);
  assert.deepEqual(statuses.toSorted(), [200, 400]);
  const first = statuses.indexOf(200);
  assert.equal((await browsers[first].decide(pages[first], 'approve')).status, 303);
});

test('a browser that keeps no cookies is sent back once and sees the page', async () => {
  const { url } = await pushed(server, client);
  const visit = async (target) => {
    const headers = ['sec-fetch-mode: navigate', 'sec-fetch-dest: document', 'connection: close', 'host: 127.0.0.1'];
    const { pathname, search } = new URL(target);
    const { answers } = await exchange(server.url, Buffer.from([`GET ${pathname}${search} HTTP/1.1`, ...headers, '', ''].join('\r\n')));
    const [{ status, headers: answered }] = answers;
    return { status, headers: new Headers(answered) };
  };
  const first = await visit(url);
  assert.match(first.status, / 303 /);
  assert.ok(first.headers.get('set-cookie'));
  assert.match(first.headers.get('cache-control'), /\bno-store\b/);
  const second = await visit(new URL(first.headers.get('location'), url));
  assert.match(second.status, / 200 /);
});

test('a double click on approve for plain parameters ends at the client', async (t) => {
  const { page } = await openPage(t, chromium);
  const { parameters, verifier } = requestOf(client);
  await page.goto(authorizeUrl(server, { client_id: client.client_id, ...parameters }));
  await delay(page, 400);
  await clickTwice(page, '#approve', 100);
  await page.waitForSelector('#arrived');
  const { code } = site.received().at(-1).parameters;
  assert.equal((await redeem(server, client, { code, parameters, verifier })).status, 200);
});
