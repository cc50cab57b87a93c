import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Browser } from './support/browser.mjs';
import { assertRefused, authorizeUrl, pkce, redirectUri, requestOf, web } from './support/oauth.mjs';
import { startServer } from './support/server.mjs';

const publicClient = {
  client_id: 'public',
  token_endpoint_auth_method: 'none',
  redirect_uris: [redirectUri],
  scope: 'accounts',
};

async function post(server, path, fields) {
  const response = await fetch(server.url + path, { method: 'POST', body: new URLSearchParams(fields) });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: JSON.parse(text) };
}

function pushOf(changes = {}) {
  const { parameters, verifier } = requestOf(publicClient, changes);
  return { verifier, fields: { client_id: publicClient.client_id, ...parameters } };
}

describe('a server that lets public clients push', async () => {
  const server = await startServer({
    policy: { danger_allow_unauthenticated_clients: true, allow_per_request_redirect_uris: true },
    clients: [
      { ...publicClient, allow_per_request_redirect_uris: true, require_pushed_authorization_requests: true },
      web,
    ],
  });
  after(() => server.stop());

  test('takes one through to a token with PKCE alone', async () => {
    const { fields, verifier } = pushOf();
    const { status, json } = await post(server, '/authorize/par', fields);
    assert.equal(status, 201);
    const browser = new Browser();
    const url = authorizeUrl(server, { client_id: publicClient.client_id, request_uri: json.request_uri });
    const { response } = await browser.decide(await browser.get(url), 'approve');
    const redemption = {
      grant_type: 'authorization_code',
      client_id: publicClient.client_id,
      code: response.code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    };
    const token = await post(server, '/token', redemption);
    assert.equal(token.status, 200, token.text);
  });

  test('refuses one without PKCE', async () => {
    const { fields } = pushOf({ code_challenge: undefined, code_challenge_method: undefined });
    assertRefused(await post(server, '/authorize/par', fields), 400, 'invalid_request');
  });

  test('refuses one with plain PKCE', async () => {
    const { fields } = pushOf({ code_challenge: pkce().verifier, code_challenge_method: 'plain' });
    assertRefused(await post(server, '/authorize/par', fields), 400, 'invalid_request');
  });

  test('refuses one that brings a secret', async () => {
    const { fields } = pushOf();
    assertRefused(await post(server, '/authorize/par', { ...fields, client_secret: 'guess' }), 401, 'invalid_client');
  });

  test('lets none choose a redirect URI per request', async () => {
    const { fields } = pushOf({ redirect_uri: 'https://client.example.com/elsewhere' });
    assertRefused(await post(server, '/authorize/par', fields), 400, 'invalid_request');
  });

  test('does not take a confidential client for a public one', async () => {
    const { fields } = pushOf();
    const reply = await post(server, '/authorize/par', { ...fields, client_id: web.client_id });
    assertRefused(reply, 401, 'invalid_client');
  });

  test('says so in its metadata', async () => {
    const metadata = await (await fetch(`${server.url}/.well-known/oauth-authorization-server`)).json();
    assert.ok(metadata.token_endpoint_auth_methods_supported.includes('none'));
  });
});

test('without the switch, a public client is refused like an unknown one', async (t) => {
  const server = await startServer({ clients: [publicClient] });
  t.after(() => server.stop());
  const { fields } = pushOf();
  const reply = await post(server, '/authorize/par', fields);
  const unknown = await post(server, '/authorize/par', { ...fields, client_id: 'unknown' });

  assertRefused(reply, 401, 'invalid_client');
  assert.equal(reply.text, unknown.text);
});
