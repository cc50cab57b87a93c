import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Browser } from './support/browser.mjs';
import { assertRefused, assertRefusalPage, authorizeUrl, push, pushed, redeem, redirectUri, requestOf, web } from './support/oauth.mjs';
import { startServer } from './support/server.mjs';

const sameOrigin = 'https://client.example.com/callbacks/7f3a?tenant=a%20b&empty=';
const elsewhere = [
  'https://evil.example.com/cb',
  'https://client.example.com.evil.example/cb',
  'https://client.example.com@evil.example/cb',
  'https://client.example.com:8443/cb',
  'http://client.example.com/cb',
  'https://CLIENT.example.com/cb',
  'https://client.example.com:443/cb',
  'https://client.example.com/cb#fragment',
  'https://client.example.com/cb#',
  'https://client.example.com\\@evil.example/cb',
  'https:client.example.com/cb',
  'javascript:alert(1)',
  'client.example.com/cb',
];

describe('a server that knows only registered redirect URIs', async () => {
  const server = await startServer({ clients: [web, { ...web, client_id: 'switched', allow_per_request_redirect_uris: true }] });
  after(() => server.stop());

  for (const redirect_uri of [...elsewhere, sameOrigin, `${redirectUri}/`, `${redirectUri}?`]) {
    test(`refuses the push of ${redirect_uri}`, async () => {
      assertRefused(await push(server, web, requestOf(web, { redirect_uri }).parameters), 400, 'invalid_request');
    });
  }

  test('gives the switch of a client alone no effect', async () => {
    const client = { ...web, client_id: 'switched' };
    const { parameters } = requestOf(client, { redirect_uri: sameOrigin });
    assertRefused(await push(server, client, parameters), 400, 'invalid_request');
  });

  test('shows a page, and redirects nowhere, for an unregistered redirect URI at the authorization endpoint', async () => {
    const { parameters } = requestOf(web, { redirect_uri: 'https://evil.example.com/cb' });
    const page = await new Browser().get(authorizeUrl(server, { client_id: web.client_id, ...parameters }));
    assertRefusalPage(page, 'invalid_request');
    assert.ok(!page.html.includes('evil.example.com'));
  });
});

describe('redirect URIs per request', async () => {
  const client = (client_id, changes = {}) => ({ ...web, client_id, allow_per_request_redirect_uris: true, ...changes });
  const clients = {
    everything: client('everything', { require_pushed_authorization_requests: true }),
    clientOff: client('client-off', { allow_per_request_redirect_uris: false, require_pushed_authorization_requests: true }),
    parOptional: client('par-optional'),
    pairwise: client('pairwise', {
      require_pushed_authorization_requests: true,
      sector_identifier_uri: 'https://client.example.com/sector.json',
    }),
  };
  const server = await startServer({ policy: { allow_per_request_redirect_uris: true }, clients: Object.values(clients) });
  after(() => server.stop());

  test('are accepted on a registered origin, and answered byte for byte', async () => {
    const { url, parameters, verifier } = await pushed(server, clients.everything, { redirect_uri: sameOrigin });
    const browser = new Browser();
    const answer = await browser.decide(await browser.get(url), 'approve');
    const location = answer.headers.get('location');
    assert.ok(location.startsWith(`${sameOrigin}&`), location);

    const token = await redeem(server, clients.everything, { code: answer.response.code, parameters, verifier });
    assert.equal(token.status, 200, token.text);
  });

  test('are accepted where the policy requires PAR of everybody', async (t) => {
    const strict = await startServer({
      policy: { allow_per_request_redirect_uris: true, require_pushed_authorization_requests: true },
      clients: [clients.parOptional],
    });
    t.after(() => strict.stop());
    await pushed(strict, clients.parOptional, { redirect_uri: sameOrigin });
  });

  for (const [reason, changes, by] of [
    ['when the client has not switched them on', {}, clients.clientOff],
    ['when PAR is not required', {}, clients.parOptional],
    ['of a client with a sector identifier', {}, clients.pairwise],
    ['without PKCE', { code_challenge: undefined, code_challenge_method: undefined }, clients.everything],
    ['with plain PKCE', { code_challenge_method: 'plain' }, clients.everything],
    ['that hold a response parameter', { redirect_uri: 'https://client.example.com/cb2?code=stolen' }, clients.everything],
    ['that climb', { redirect_uri: 'https://client.example.com/a/../b' }, clients.everything],
    ['with an encoded separator', { redirect_uri: 'https://client.example.com/a%2f..%2fb' }, clients.everything],
  ]) {
    test(`are refused ${reason}`, async () => {
      const { parameters } = requestOf(by, { redirect_uri: sameOrigin, ...changes });
      assertRefused(await push(server, by, parameters), 400, 'invalid_request');
    });
  }

  for (const redirect_uri of elsewhere) {
    test(`are refused on another origin or in another shape: ${redirect_uri}`, async () => {
      const { parameters } = requestOf(clients.everything, { redirect_uri });
      assertRefused(await push(server, clients.everything, parameters), 400, 'invalid_request');
    });
  }
});

test('a native client may choose the port of its loopback redirect URI, and nothing else of it', async (t) => {
  const native = { ...web, client_id: 'native', application_type: 'native', redirect_uris: ['http://127.0.0.1/cb'] };
  const server = await startServer({ clients: [native] });
  t.after(() => server.stop());
  const redirect_uri = 'http://127.0.0.1:49152/cb';
  const { url } = await pushed(server, native, { redirect_uri });
  const browser = new Browser();
  const { headers } = await browser.decide(await browser.get(url), 'approve');
  assert.ok(headers.get('location').startsWith(`${redirect_uri}?`), headers.get('location'));

  for (const wrong of ['http://127.0.0.1:49152/other', 'http://[::1]:49152/cb', 'http://localhost:49152/cb', 'http://127.0.0.2/cb']) {
    const reply = await push(server, native, requestOf(native, { redirect_uri: wrong }).parameters);
    assertRefused(reply, 400, 'invalid_request');
  }
});
