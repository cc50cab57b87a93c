// FAPI 2.0, end to end: PAR, private_key_jwt, DPoP with nonces, signed requests and responses.

import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { SignJWT, exportJWK } from 'jose';
import * as oidc from 'openid-client';
import { Browser } from './support/browser.mjs';
import { signingKey } from './support/keys.mjs';
import { redirectUri } from './support/oauth.mjs';
import { approveInBrowser, discover as connect, fresh } from './support/openid-client.mjs';
import { startServer } from './support/server.mjs';

const key = await signingKey('ES256');
const client = {
  client_id: 'fapi',
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: [key.jwk] },
  redirect_uris: [redirectUri],
  scope: 'openid accounts',
};
const start = (preset, changes) => startServer({ policy: { preset, require_dpop_nonce: true, ...changes }, clients: [client] });
const server = await start('fapi2_security_profile');
after(() => server.stop());

/** A client with a DPoP key of its own; `sent` has the paths and answers of what it sends by itself. */
async function discover(at = server, changeAssertion = () => {}) {
  const sent = [];
  const recorded = async (url, options) => {
    const response = await fetch(url, options);
    sent.push({ path: new URL(url).pathname, status: response.status, options });
    return response;
  };
  const authentication = oidc.PrivateKeyJwt({ key: key.privateKey, kid: key.kid }, { [oidc.modifyAssertion]: changeAssertion });
  const config = await connect(at, client, authentication, { authorization_signed_response_alg: 'ES256' }, recorded);
  const keyPair = await oidc.randomDPoPKeyPair('ES256', { extractable: true });
  sent.splice(0);
  return { config, keyPair, DPoP: oidc.getDPoPHandle(config, keyPair), sent };
}

/** Push, login and code exchange, as far as tokens. */
async function tokensOf({ config, DPoP }) {
  const { parameters, checks } = await fresh();
  const callback = await approveInBrowser(await oidc.buildAuthorizationUrlWithPAR(config, parameters, { DPoP }));
  const tokens = await oidc.authorizationCodeGrant(config, callback, { ...checks, idTokenExpected: true }, undefined, { DPoP });
  return { tokens, callback, checks };
}

/** A proof that is not made by the client library. */
async function proof({ keyPair }, { method = 'GET', path = '/resource', token, nonce, jti = randomUUID() }) {
  const ath = token && createHash('sha256').update(token).digest('base64url');
  const jwk = await exportJWK(keyPair.publicKey);
  return new SignJWT({ htm: method, htu: server.url + path, jti, nonce, ath })
    .setIssuedAt()
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
    .sign(keyPair.privateKey);
}

async function resource(headers) {
  const response = await fetch(`${server.url}/resource`, { headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** What the resource says to a proof without a nonce brings one. */
async function nonceOf(party, token) {
  const asked = await resource({ authorization: `DPoP ${token}`, dpop: await proof(party, { token }) });
  assert.equal(asked.status, 401);
  assert.match(asked.headers.get('www-authenticate'), /^DPoP .*error="use_dpop_nonce"/);
  return asked.headers.get('dpop-nonce');
}

function assertInvalidToken({ status, headers, text }) {
  assert.equal(status, 401, text);
  assert.match(headers.get('www-authenticate'), /error="invalid_token"/);
  assert.equal(JSON.parse(text).error, 'invalid_token');
}

test('the metadata says what the profile asks for', async () => {
  const metadata = (await discover()).config.serverMetadata();
  assert.equal(metadata.require_pushed_authorization_requests, true);
  assert.ok(metadata.dpop_signing_alg_values_supported.includes('ES256'));
  assert.ok(!metadata.dpop_signing_alg_values_supported.includes('RS256'));
  // Nothing about certificates, which this server cannot see.
  assert.deepEqual(metadata.token_endpoint_auth_methods_supported, ['private_key_jwt']);
  assert.equal(metadata.tls_client_certificate_bound_access_tokens, undefined);
});

test('openid-client gets through with private_key_jwt and DPoP, and is asked for nonces', async () => {
  const party = await discover();
  const { tokens } = await tokensOf(party);
  // The first proof has no nonce yet. From then on each answer brings one.
  assert.deepEqual(
    party.sent.filter(({ path }) => path !== '/jwks').map(({ path, status }) => [path, status]),
    [
      ['/authorize/par', 400],
      ['/authorize/par', 201],
      ['/token', 200],
    ],
  );
  assert.equal(tokens.token_type, 'dpop');
  assert.ok(tokens.claims().sub);

  const url = new URL(`${server.url}/resource`);
  const response = await oidc.fetchProtectedResource(party.config, tokens.access_token, url, 'GET', null, undefined, { DPoP: party.DPoP });
  const shown = await response.json();
  assert.equal(shown.client_id, client.client_id);
  assert.equal(shown.request.redirect_uri, redirectUri);
  assert.doesNotMatch(JSON.stringify(shown), /jkt|cnf|client_assertion/);
});

test('openid-client pushes a signed request object, and nothing less will do', async (t) => {
  const signing = await start('fapi2_message_signing');
  t.after(() => signing.stop());
  const party = await discover(signing);
  const { config, DPoP } = party;
  const { parameters, checks } = await fresh();
  const object = await oidc.buildAuthorizationUrlWithJAR(config, parameters, { key: key.privateKey, kid: key.kid });
  const callback = await approveInBrowser(await oidc.buildAuthorizationUrlWithPAR(config, object.searchParams, { DPoP }));
  const tokens = await oidc.authorizationCodeGrant(config, callback, { ...checks, idTokenExpected: true }, undefined, { DPoP });
  assert.equal(tokens.token_type, 'dpop');

  const plain = await fresh();
  await assert.rejects(oidc.buildAuthorizationUrlWithPAR(config, plain.parameters, { DPoP }), { status: 400 });
});

test('openid-client signs its request and verifies the signed response, and a plain response is not to be had', async (t) => {
  const signing = await start('fapi2_message_signing', { require_signed_authorization_response: true });
  t.after(() => signing.stop());
  const party = await discover(signing);
  const { config, DPoP } = party;
  const signed = (parameters) => oidc.buildAuthorizationUrlWithJAR(config, parameters, { key: key.privateKey, kid: key.kid });
  const plain = await signed((await fresh()).parameters);
  await assert.rejects(oidc.buildAuthorizationUrlWithPAR(config, plain.searchParams, { DPoP }), { status: 400 });

  oidc.useJwtResponseMode(config);
  const { parameters, checks } = await fresh();
  const object = await signed(parameters);
  const callback = await approveInBrowser(await oidc.buildAuthorizationUrlWithPAR(config, object.searchParams, { DPoP }));
  assert.deepEqual([...callback.searchParams.keys()], ['response']);
  const tokens = await oidc.authorizationCodeGrant(config, callback, { ...checks, idTokenExpected: true }, undefined, { DPoP });
  assert.equal(tokens.token_type, 'dpop');
});

test('a code that was pushed for with one key is refused to another', async () => {
  const party = await discover();
  const { parameters, checks } = await fresh();
  const url = await oidc.buildAuthorizationUrlWithPAR(party.config, parameters, { DPoP: party.DPoP });
  const callback = await approveInBrowser(url);
  const other = oidc.getDPoPHandle(party.config, await oidc.randomDPoPKeyPair('ES256'));
  await assert.rejects(oidc.authorizationCodeGrant(party.config, callback, checks, undefined, { DPoP: other }), {
    error: 'invalid_grant',
  });
});

test('no token is issued that is bound to nothing', async () => {
  const { config } = await discover();
  const { parameters, checks } = await fresh();
  const callback = await approveInBrowser(await oidc.buildAuthorizationUrlWithPAR(config, parameters));
  await assert.rejects(oidc.authorizationCodeGrant(config, callback, checks), { error: 'invalid_request' });
});

test('the resource takes a bound token with a new proof by its key, and in no other way', async () => {
  const [party, stranger] = [await discover(), await discover()];
  const { tokens } = await tokensOf(party);
  const token = tokens.access_token;
  const nonce = await nonceOf(party, token);
  const authorization = `DPoP ${token}`;

  const good = { authorization, dpop: await proof(party, { token, nonce }) };
  assert.equal((await resource(good)).status, 200);
  const replayed = await resource(good);
  assert.equal(replayed.status, 401, 'a proof is good once');
  assert.match(replayed.headers.get('www-authenticate'), /error="invalid_dpop_proof"/);

  for (const [why, headers] of [
    ['no proof', { authorization }],
    ['the proof of another key', { authorization, dpop: await proof(stranger, { token, nonce }) }],
    ['a proof for no token', { authorization, dpop: await proof(party, { nonce }) }],
    ['a proof for another token', { authorization, dpop: await proof(party, { token: 'another', nonce }) }],
    ['a proof for another method', { authorization, dpop: await proof(party, { token, nonce, method: 'POST' }) }],
    ['a proof for another path', { authorization, dpop: await proof(party, { token, nonce, path: '/token' }) }],
  ]) {
    const refused = await resource(headers);
    assert.equal(refused.status, 401, why);
    assert.match(refused.headers.get('www-authenticate'), /^DPoP .*error="invalid_dpop_proof"/, why);
  }
  assertInvalidToken(await resource({ authorization: `Bearer ${token}` }));
  assertInvalidToken(await resource({ authorization: 'DPoP invented', dpop: await proof(party, { token: 'invented', nonce }) }));

  const bare = await resource({});
  assert.equal(bare.status, 401);
  assert.match(bare.headers.get('www-authenticate'), /^Bearer, DPoP algs="[^"]*\bES256\b[^"]*"$/);
});

test('a second use of the code is refused and revokes the bound token', async () => {
  const party = await discover();
  const { tokens, callback, checks } = await tokensOf(party);
  const token = tokens.access_token;
  const nonce = await nonceOf(party, token);
  await assert.rejects(oidc.authorizationCodeGrant(party.config, callback, checks, undefined, { DPoP: party.DPoP }), {
    error: 'invalid_grant',
  });
  assertInvalidToken(await resource({ authorization: `DPoP ${token}`, dpop: await proof(party, { token, nonce }) }));
});

for (const [what, audience] of [
  ['the token endpoint', '/token'],
  ['the PAR endpoint', '/authorize/par'],
]) {
  test(`an assertion for ${what} is refused: its audience is the issuer`, async () => {
    const { config, DPoP } = await discover(server, (_, claims) => (claims.aud = server.url + audience));
    const { parameters } = await fresh();
    await assert.rejects(oidc.buildAuthorizationUrlWithPAR(config, parameters, { DPoP }), { status: 401 });
  });
}

test('a request_uri is good for one login', async () => {
  const { config, DPoP } = await discover();
  const { parameters } = await fresh();
  const url = await oidc.buildAuthorizationUrlWithPAR(config, parameters, { DPoP });
  const browser = new Browser();
  assert.equal((await browser.decide(await browser.get(url.href), 'approve')).status, 303);
  const again = await browser.get(url.href);
  assert.equal(again.status, 400);
  assert.equal(again.error, 'invalid_request_uri');
});

test('a push is refused for a proof that was used, and nothing but a push starts a login', async () => {
  const party = await discover();
  const { parameters } = await fresh();
  await oidc.buildAuthorizationUrlWithPAR(party.config, parameters, { DPoP: party.DPoP });
  const { options } = party.sent.find(({ status }) => status === 201);
  const repeated = await fetch(`${server.url}/authorize/par`, { method: 'POST', headers: options.headers, body: String(options.body) });
  assert.equal(repeated.status, 401, 'the assertion is used up as well, and comes first');

  const browser = new Browser();
  const page = await browser.get(`${server.url}/authorize?${new URLSearchParams({ ...parameters, client_id: client.client_id, response_type: 'code' })}`);
  assert.notEqual(page.status, 200);
});
