import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import * as oidc from 'openid-client';
import { encryptionKeys, signingKey } from './support/keys.mjs';
import { redirectUri, web } from './support/oauth.mjs';
import { approveInBrowser, discover, fresh, protectedRequest } from './support/openid-client.mjs';
import { encrypt } from './support/request-object.mjs';
import { startServer } from './support/server.mjs';

const keys = Object.fromEntries(
  await Promise.all(['ES256', 'PS256', 'EdDSA', 'Ed25519', 'RS256'].map(async (alg) => [alg, await signingKey(alg)])),
);

const keyClient = (alg, changes = {}) => ({
  client_id: `bank-${alg}`,
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: [keys[alg].jwk] },
  redirect_uris: [redirectUri],
  scope: 'openid accounts',
  authorization_details_types: ['payment'],
  ...changes,
});

const secretClient = {
  ...web,
  client_id: 'secret-jwt',
  client_secret: 'a secret of thirty-two characters, or of more',
  token_endpoint_auth_method: 'client_secret_jwt',
};

const rs256 = keyClient('RS256', { token_endpoint_auth_signing_alg: 'RS256', request_object_signing_alg: 'RS256' });
const mustSign = keyClient('ES256', { client_id: 'must-sign', require_signed_request_object: true });
const mustEncrypt = keyClient('ES256', { client_id: 'must-encrypt', require_encrypted_request_object: true });

const server = await startServer({
  keys: { keys: encryptionKeys() },
  clients: [
    ...['ES256', 'PS256', 'EdDSA', 'Ed25519'].map((alg) => keyClient(alg)),
    rs256,
    mustSign,
    mustEncrypt,
    secretClient,
    { ...web, jwks: { keys: [keys.ES256.jwk] } },
  ],
});
after(() => server.stop());

/** openid-client says Ed25519 by itself, and EdDSA, the older name of the same, when it is told to. */
function privateKeyJwt(alg) {
  const setName = { [oidc.modifyAssertion]: (header) => (header.alg = alg) };
  return oidc.PrivateKeyJwt({ key: keys[alg].privateKey, kid: keys[alg].kid }, setName);
}

const connect = (client, alg) => discover(server, client, privateKeyJwt(alg));

/** The request object that openid-client makes. */
async function requestObject(config, alg, parameters) {
  const setName = { [oidc.modifyAssertion]: (header) => (header.alg = alg) };
  const { privateKey, kid } = keys[alg];
  return oidc.buildAuthorizationUrlWithJAR(config, parameters, { key: privateKey, kid }, setName);
}

/** From the URL for the browser to what the resource shows, as text. */
async function redeemed(config, url, checks) {
  const tokens = await oidc.authorizationCodeGrant(config, await approveInBrowser(url), { ...checks, idTokenExpected: true });
  assert.ok(tokens.claims().sub);
  return protectedRequest(server, config, tokens.access_token);
}

for (const [what, client, alg] of [
  ['private_key_jwt with ES256', keyClient('ES256'), 'ES256'],
  ['private_key_jwt with PS256', keyClient('PS256'), 'PS256'],
  ['private_key_jwt with EdDSA', keyClient('EdDSA'), 'EdDSA'],
  ['private_key_jwt with Ed25519', keyClient('Ed25519'), 'Ed25519'],
  ['private_key_jwt with RS256, which is registered', rs256, 'RS256'],
  ['client_secret_jwt', secretClient, 'HS256'],
]) {
  test(`openid-client authenticates with ${what} at the PAR endpoint and at the token endpoint`, async () => {
    const authentication = alg === 'HS256' ? oidc.ClientSecretJwt(client.client_secret) : privateKeyJwt(alg);
    const config = await discover(server, client, authentication);
    const { parameters, checks } = await fresh();
    const url = await oidc.buildAuthorizationUrlWithPAR(config, parameters);
    assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri']);

    const text = await redeemed(config, url, checks);
    assert.equal(JSON.parse(text).client_id, client.client_id);
    assert.doesNotMatch(text, /client_assertion/);
  });
}

for (const alg of ['ES256', 'PS256', 'EdDSA', 'Ed25519', 'RS256']) {
  test(`openid-client pushes a request object signed with ${alg}`, async () => {
    const config = await connect(alg === 'RS256' ? rs256 : keyClient(alg), alg);
    const { parameters, checks } = await fresh();
    const { searchParams } = await requestObject(config, alg, parameters);
    assert.deepEqual([...searchParams.keys()].sort(), ['client_id', 'request']);
    await redeemed(config, await oidc.buildAuthorizationUrlWithPAR(config, searchParams), checks);
  });

  test(`openid-client sends a request object signed with ${alg} through the browser`, async () => {
    const config = await connect(alg === 'RS256' ? rs256 : keyClient(alg), alg);
    const { parameters, checks } = await fresh();
    await redeemed(config, await requestObject(config, alg, parameters), checks);
  });
}

for (const [kid, alg, enc] of [
  ['rsa', 'RSA-OAEP-256', 'A256GCM'],
  ['rsa', 'RSA-OAEP', 'A128CBC-HS256'],
  ['p256', 'ECDH-ES', 'A128GCM'],
  ['p256', 'ECDH-ES+A128KW', 'A256CBC-HS512'],
  ['p384', 'ECDH-ES+A256KW', 'A256GCM'],
  ['x25519', 'ECDH-ES', 'A128CBC-HS256'],
]) {
  test(`a request object of openid-client, encrypted by jose with ${alg} (${kid}) and ${enc}, is pushed and redeemed`, async () => {
    const config = await connect(mustEncrypt, 'ES256');
    const { parameters, checks } = await fresh();
    const signed = (await requestObject(config, 'ES256', parameters)).searchParams.get('request');
    const request = await encrypt(signed, server, { kid, alg, enc });
    const text = await redeemed(config, await oidc.buildAuthorizationUrlWithPAR(config, { request }), checks);
    assert.equal(JSON.parse(text).request.state, checks.expectedState);
  });
}

const claims = { id_token: { acr: { essential: false, value: 'loa3' } }, userinfo: { name: null } };
const details = [{ type: 'payment', amount: 100.1, to: 'Ünï 支付', urgent: true }];
const rich = {
  'zz-unknown': 'percent % plus + equals = ampersand & quote " less < ümläut 🦀',
  claims: JSON.stringify(claims),
  max_age: '300',
  authorization_details: JSON.stringify(details),
  ui_locales: 'de en',
};

test('the resource shows a signed request with the types that its JSON had, and nothing about the token itself', async () => {
  const config = await connect(keyClient('ES256'), 'ES256');
  const { parameters, checks } = await fresh(rich);
  const list = new URLSearchParams(parameters);
  list.append('resource', 'https://b.example.com/?q=1');
  list.append('resource', 'https://a.example.com/');

  for (const sent of ['pushed', 'in the query']) {
    const byValue = await requestObject(config, 'ES256', list);
    const url = sent === 'pushed' ? await oidc.buildAuthorizationUrlWithPAR(config, byValue.searchParams) : byValue;
    const { request } = JSON.parse(await redeemed(config, url, { ...checks, maxAge: 300 }));
    const { client_id, response_type, resource, ...others } = request;
    assert.deepEqual({ client_id, response_type }, { client_id: 'bank-ES256', response_type: 'code' }, sent);
    assert.deepEqual(resource, ['https://b.example.com/?q=1', 'https://a.example.com/']);
    assert.deepEqual(others, { ...parameters, claims, max_age: 300, authorization_details: details });
    assert.deepEqual(
      Object.keys(others),
      Object.keys(parameters),
      'in the order of the request object, which is that of the parameters',
    );
  }
});

test('the same request in a form is shown as strings, but for what is JSON by definition', async () => {
  const config = await connect(keyClient('ES256'), 'ES256');
  const { parameters, checks } = await fresh(rich);
  const url = await oidc.buildAuthorizationUrlWithPAR(config, { ...parameters, resource: 'https://a.example.com/' });
  const { request } = JSON.parse(await redeemed(config, url, { ...checks, maxAge: 300 }));
  assert.equal(request.max_age, '300');
  assert.deepEqual(request.claims, claims);
  assert.deepEqual(request.authorization_details, details);
  assert.deepEqual(request.resource, ['https://a.example.com/']);
});

test('a client with a secret may sign its requests with a key', async () => {
  const config = await discover(server, web, oidc.ClientSecretBasic(web.client_secret));
  const { parameters, checks } = await fresh();
  const { searchParams } = await requestObject(config, 'ES256', parameters);
  await redeemed(config, await oidc.buildAuthorizationUrlWithPAR(config, searchParams), checks);
});

test('a client that has to sign is refused a plain push, and one that has to encrypt a signed one', async () => {
  const { parameters } = await fresh();
  const signing = await connect(mustSign, 'ES256');
  await assert.rejects(oidc.buildAuthorizationUrlWithPAR(signing, parameters), { error: 'invalid_request', status: 400 });
  const { searchParams } = await requestObject(signing, 'ES256', parameters);
  await oidc.buildAuthorizationUrlWithPAR(signing, searchParams);

  const encrypting = await connect(mustEncrypt, 'ES256');
  const signed = await requestObject(encrypting, 'ES256', parameters);
  await assert.rejects(oidc.buildAuthorizationUrlWithPAR(encrypting, signed.searchParams), {
    error: 'invalid_request_object',
    status: 400,
  });
});

test('openid-client reports that its key is not the registered one', async () => {
  const stranger = await signingKey('ES256');
  const config = await discover(server, keyClient('ES256'), oidc.PrivateKeyJwt({ key: stranger.privateKey, kid: 'ES256-key' }));
  await assert.rejects(oidc.buildAuthorizationUrlWithPAR(config, { redirect_uri: redirectUri, scope: 'openid' }), {
    name: 'WWWAuthenticateChallengeError',
    status: 401,
  });
});

test('an assertion is good once, at the PAR endpoint and at the token endpoint', async () => {
  const sent = [];
  const config = await connect(keyClient('ES256'), 'ES256');
  config[oidc.customFetch] = (url, options) => {
    if (options.method === 'POST') sent.push([url, { method: 'POST', headers: options.headers, body: String(options.body) }]);
    return fetch(url, options);
  };
  const { parameters, checks } = await fresh();
  const url = await oidc.buildAuthorizationUrlWithPAR(config, parameters);
  await oidc.authorizationCodeGrant(config, await approveInBrowser(url), checks);

  assert.deepEqual(sent.map(([to]) => new URL(to).pathname), ['/authorize/par', '/token']);
  const assertionOf = ([, { body }]) => new URLSearchParams(body).get('client_assertion');
  for (const [to, message] of sent) {
    for (const used of sent.map(assertionOf)) {
      const body = new URLSearchParams(message.body);
      body.set('client_assertion', used);
      const reply = await fetch(to, { ...message, body: body.toString() });
      assert.equal(reply.status, 401, `${to}: ${await reply.text()}`);
    }
  }
});
