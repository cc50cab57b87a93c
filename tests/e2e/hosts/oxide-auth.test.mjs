// openid-client and Chromium against the host that has parjar in front of oxide-auth.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import * as oidc from 'openid-client';
import { Browser } from '../support/browser.mjs';
import { clickTwice, launchChromium, openPage } from '../support/chromium.mjs';
import { authorizeUrl, push, redirectUri, requestOf } from '../support/oauth.mjs';
import { startServer } from '../support/server.mjs';

const shop = { client_id: 'shop', client_secret: 'TheSecretOfTheShop', redirect_uris: [redirectUri] };
const server = await startServer();
const chromium = await launchChromium();
after(async () => {
  await chromium.close();
  await server.stop();
});

const discover = (secret = shop.client_secret) =>
  oidc.discovery(new URL(server.url), shop.client_id, {}, oidc.ClientSecretBasic(secret), {
    algorithm: 'oauth2',
    execute: [oidc.allowInsecureRequests],
  });

async function fresh(changes = {}) {
  const checks = { pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedState: oidc.randomState() };
  const code_challenge = await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier);
  const parameters = {
    redirect_uri: redirectUri,
    scope: 'accounts',
    state: checks.expectedState,
    code_challenge,
    code_challenge_method: 'S256',
    ...changes,
  };
  return { parameters, checks };
}

/** Opens a page as a browser does, which is sent back with a cookie first. */
async function open(browser, url) {
  let page = await browser.get(url);
  while (page.location?.origin === server.url) page = await browser.get(page.location);
  return page;
}

/** A page of Chromium, and where it is sent as the client sees it. */
async function visit(t, url) {
  const { page } = await openPage(t, chromium);
  const arrived = [];
  await page.route(`${redirectUri}*`, (route) => {
    arrived.push(route.request());
    return route.fulfill({ contentType: 'text/html', body: '<p id="arrived">arrived' });
  });
  await page.goto(url.href);
  return { page, arrived };
}

for (const response_mode of ['query', 'form_post']) {
  test(`a pushed request ends with a token of oxide-auth, ${response_mode}`, async (t) => {
    const config = await discover();
    const { parameters, checks } = await fresh({ response_mode });
    const { page, arrived } = await visit(t, await oidc.buildAuthorizationUrlWithPAR(config, parameters));
    await page.click('#approve');
    await page.waitForSelector('#arrived');

    const [request] = arrived;
    const callback = new URL(request.url());
    // What the client was sent, each time anew: a body can be read once.
    const response = () =>
      response_mode === 'query'
        ? callback
        : new Request(callback, { method: 'POST', body: new URLSearchParams(request.postData()) });
    const tokens = await oidc.authorizationCodeGrant(config, response(), checks);
    assert.equal(tokens.scope, 'accounts');
    const shown = await oidc.fetchProtectedResource(config, tokens.access_token, new URL(`${server.url}/resource`), 'GET');
    assert.deepEqual(await shown.json(), { client_id: 'shop', sub: 'alice', scope: 'accounts' });
    await assert.rejects(oidc.authorizationCodeGrant(config, response(), checks), { status: 400 });
  });
}

test('a denied request ends with an error at the client', async (t) => {
  const config = await discover();
  const { parameters, checks } = await fresh();
  const { page, arrived } = await visit(t, await oidc.buildAuthorizationUrlWithPAR(config, parameters));
  await page.click('#deny');
  await page.waitForSelector('#arrived');
  const response = new URL(arrived[0].url());
  await assert.rejects(oidc.authorizationCodeGrant(config, response, checks), { error: 'access_denied' });
});

test('a double click on approve ends at the client, with one code', async (t) => {
  const config = await discover();
  const { parameters, checks } = await fresh();
  const { page, arrived } = await visit(t, await oidc.buildAuthorizationUrlWithPAR(config, parameters));
  await clickTwice(page, '#approve', 20);
  await page.waitForSelector('#arrived');
  await oidc.authorizationCodeGrant(config, new URL(arrived.at(-1).url()), checks);
});

test('oxide-auth compares the PKCE verifier with the challenge that was pushed', async () => {
  const config = await discover();
  const { parameters, checks } = await fresh();
  const browser = new Browser();
  const page = await open(browser, await oidc.buildAuthorizationUrlWithPAR(config, parameters));
  const { location } = await browser.decide(page, 'approve');
  const wrong = { ...checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() };
  await assert.rejects(oidc.authorizationCodeGrant(config, location, wrong), { status: 400 });
});

test('a wrong secret is refused at the push, by the hashes of oxide-auth', async () => {
  const config = await discover('wrong');
  const { parameters } = await fresh();
  await assert.rejects(oidc.buildAuthorizationUrlWithPAR(config, parameters), { status: 401 });
});

test('what was not pushed, another redirect URI and another browser are refused', async () => {
  const { parameters } = requestOf(shop);
  const plain = await open(new Browser(), authorizeUrl(server, { client_id: 'shop', ...parameters }));
  assert.equal(plain.response.error, 'invalid_request');
  assert.equal((await push(server, shop, { ...parameters, redirect_uri: `${redirectUri}/other` })).status, 400);

  const { json } = await push(server, shop, parameters);
  const url = authorizeUrl(server, { client_id: 'shop', request_uri: json.request_uri });
  const [browser, other] = [new Browser(), new Browser()];
  const page = await open(browser, url);
  assert.equal((await open(other, url)).status, 400);
  assert.equal((await other.decide(page, 'approve')).status, 400);
  assert.ok((await browser.decide(page, 'approve')).response.code);
});
