import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { Browser } from './support/browser.mjs';
import { joserfc } from './support/joserfc.mjs';
import { encryptionKeys, publishedKey } from './support/keys.mjs';
import { assertRefused, authorizeUrl, push, redeem, redirectUri, requestOf, resource, web } from './support/oauth.mjs';
import { claimsOf, seconds } from './support/request-object.mjs';
import { startServer } from './support/server.mjs';

const SECRET = 'a secret of sixty-four characters or more, which is what HS512 asks for';

const kinds = [
  ['ES256', 'EC', 'P-256'],
  ['ES384', 'EC', 'P-384'],
  ['ES512', 'EC', 'P-521'],
  ['PS256', 'RSA', 2048],
  ['EdDSA', 'OKP', 'Ed25519'],
  ['Ed25519', 'OKP', 'Ed25519'],
];
const made = await joserfc(kinds.map(([alg, generate, size]) => ({ generate, curve_or_size: size, alg, kid: `py-${alg}` })));
const keys = Object.fromEntries(kinds.map(([alg], index) => [alg, made[index]]));

const keyClients = kinds.map(([alg]) => ({
  client_id: `key-${alg}`,
  token_endpoint_auth_method: 'private_key_jwt',
  token_endpoint_auth_signing_alg: alg,
  jwks: { keys: [keys[alg].public] },
  redirect_uris: [redirectUri],
  scope: 'openid accounts',
}));
const signing = { ...web, client_id: 'signing', jwks: { keys: made.map((key) => key.public) } };
const secretJwt = ['HS256', 'HS512'].map((alg) => ({
  ...web,
  client_id: `secret-${alg}`,
  client_secret: SECRET,
  token_endpoint_auth_method: 'client_secret_jwt',
  token_endpoint_auth_signing_alg: alg,
}));
const symmetric = [
  ['dir', 'A256GCM', 32],
  ['dir', 'A256CBC-HS512', 64],
  ['A128KW', 'A128CBC-HS256', 16],
  ['A256GCMKW', 'A128GCM', 32],
].map(([alg, enc, bytes]) => ({ alg, enc, bytes, client: symmetricClient(alg, enc) }));

function symmetricClient(alg, enc) {
  return {
    ...web,
    client_id: `${alg}-${enc}`,
    client_secret: SECRET,
    request_object_signing_alg: 'HS256',
    request_object_encryption_alg: alg,
    request_object_encryption_enc: enc,
    require_encrypted_request_object: true,
  };
}

const server = await startServer({
  keys: { keys: encryptionKeys() },
  clients: [...keyClients, signing, ...secretJwt, ...symmetric.map(({ client }) => client)],
});
after(() => server.stop());

const signature = (alg) => ({ alg, kid: `py-${alg}`, typ: 'oauth-authz-req+jwt' });
const objectOf = (client, parameters, alg = 'ES256') => ({
  sign: signature(alg),
  claims: claimsOf(server, client.client_id, parameters),
  key: keys[alg].private,
});
const makeOne = async (job) => (await joserfc([job]))[0];

/** From the request object to what the resource shows of it. */
async function flow(client, request, { parameters, verifier }) {
  const reply = await push(server, client, { request });
  assert.equal(reply.status, 201, reply.text);
  const browser = new Browser();
  const url = authorizeUrl(server, { client_id: client.client_id, request_uri: reply.json.request_uri });
  const { response } = await browser.decide(await browser.get(url), 'approve');
  const { json } = await redeem(server, client, { code: response.code, verifier, parameters });
  return JSON.parse((await resource(server, json.access_token)).text).request;
}

for (const [alg] of kinds) {
  test(`a request object that joserfc signs with ${alg} is pushed and redeemed`, async () => {
    const request = requestOf(signing, { 'x-text': 'Ünï 支付 🦀', 'x-list': [1, 2.5, null] });
    const token = await makeOne(objectOf(signing, request.parameters, alg));
    assert.deepEqual(await flow(signing, token, request), { client_id: 'signing', ...request.parameters });
  });
}

for (const [kid, alg, enc] of [
  ['rsa', 'RSA-OAEP-256', 'A256GCM'],
  ['rsa', 'RSA-OAEP', 'A128CBC-HS256'],
  ['p256', 'ECDH-ES+A128KW', 'A128CBC-HS256'],
  ['p384', 'ECDH-ES', 'A256CBC-HS512'],
  ['x25519', 'ECDH-ES', 'A256GCM'],
  ['x25519', 'ECDH-ES+A256KW', 'A128GCM'],
]) {
  test(`a request object that joserfc encrypts with ${alg} (${kid}) and ${enc} is pushed and redeemed`, async () => {
    const request = requestOf(signing);
    const token = await makeOne({
      encrypt: { alg, enc, kid, cty: 'JWT' },
      of: objectOf(signing, request.parameters, 'EdDSA'),
      key: await publishedKey(server, kid),
    });
    assert.equal(token.split('.').length, 5);
    assert.deepEqual(await flow(signing, token, request), { client_id: 'signing', ...request.parameters });
  });
}

for (const { alg, enc, bytes, client } of symmetric) {
  test(`a request object that joserfc encrypts with ${alg} and ${enc}, by the client's secret, is pushed and redeemed`, async () => {
    const request = requestOf(client);
    const token = await makeOne({
      encrypt: { alg, enc, cty: 'JWT' },
      of: {
        sign: { alg: 'HS256', typ: 'oauth-authz-req+jwt' },
        claims: claimsOf(server, client.client_id, request.parameters),
        key: { secret: SECRET },
      },
      key: { derive: SECRET, bytes },
    });
    assert.deepEqual(await flow(client, token, request), { client_id: client.client_id, ...request.parameters });
  });
}

function assertionJob(client, key, header) {
  const now = seconds();
  const claims = { iss: client.client_id, sub: client.client_id, aud: server.url, jti: randomUUID(), iat: now, exp: now + 60 };
  return { sign: header, claims, key };
}

for (const [client, key, header] of [
  ...keyClients.map((client) => {
    const alg = client.token_endpoint_auth_signing_alg;
    return [client, keys[alg].private, { alg, kid: `py-${alg}`, typ: 'client-authentication+jwt' }];
  }),
  ...secretJwt.map((client) => [client, { secret: SECRET }, { alg: client.token_endpoint_auth_signing_alg, typ: 'JWT' }]),
]) {
  test(`an assertion that joserfc signs with ${header.alg} authenticates once, at both endpoints`, async () => {
    const { parameters, verifier } = requestOf(client);
    const [first, second] = await joserfc([assertionJob(client, key, header), assertionJob(client, key, header)]);
    const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    const send = async (path, client_assertion, fields) => {
      const body = new URLSearchParams({ ...fields, client_assertion_type: type, client_assertion });
      const response = await fetch(server.url + path, { method: 'POST', body });
      const text = await response.text();
      return { status: response.status, headers: response.headers, text, json: JSON.parse(text) };
    };
    const pushed = await send('/authorize/par', first, parameters);
    assert.equal(pushed.status, 201, pushed.text);
    const browser = new Browser();
    const url = authorizeUrl(server, { client_id: client.client_id, request_uri: pushed.json.request_uri });
    const { response } = await browser.decide(await browser.get(url), 'approve');
    const grant = { grant_type: 'authorization_code', code: response.code, code_verifier: verifier, redirect_uri: redirectUri };
    assertRefused(await send('/token', first, grant), 401, 'invalid_client');
    const token = await send('/token', second, grant);
    assert.equal(token.status, 200, token.text);
  });
}

test("what joserfc encrypts to a key that is not the server's is refused", async () => {
  const [stranger] = await joserfc([{ generate: 'RSA', curve_or_size: 2048, alg: 'PS256', kid: 'stranger' }]);
  const { kty, n, e } = stranger.public;
  const token = await makeOne({
    encrypt: { alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: 'rsa', cty: 'JWT' },
    of: objectOf(signing, requestOf(signing).parameters),
    key: { kty, n, e },
  });
  assertRefused(await push(server, signing, { request: token }), 400, 'invalid_request_object');
});
