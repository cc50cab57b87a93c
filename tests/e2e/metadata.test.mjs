import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { encryptionKeys } from './support/keys.mjs';
import { post, web } from './support/oauth.mjs';
import { startServer } from './support/server.mjs';

// RFC 7517-style key made for this test alone; it protects nothing.
const signingKey = {
  kty: 'EC',
  crv: 'P-256',
  use: 'sig',
  alg: 'ES256',
  kid: 'test-signing-key',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI',
};

const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

const server = await startServer({ clients: [web, post] });
after(() => server.stop());

const get = async (path, base = server) => {
  const response = await fetch(base.url + path);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^application\/(jwk-set\+)?json/);
  return response.json();
};

test('both metadata documents describe the server as it is', async () => {
  for (const path of ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']) {
    const metadata = await get(path);
    assert.equal(metadata.issuer, server.url);
    assert.equal(metadata.authorization_endpoint, `${server.url}/authorize`);
    assert.equal(metadata.pushed_authorization_request_endpoint, `${server.url}/authorize/par`);
    assert.equal(metadata.token_endpoint, `${server.url}/token`);
    assert.equal(metadata.jwks_uri, `${server.url}/jwks`);
    assert.deepEqual(metadata.response_types_supported, ['code']);
    assert.ok(metadata.code_challenge_methods_supported.includes('S256'));
    assert.equal(metadata.request_uri_parameter_supported, false);
    assert.equal(metadata.authorization_response_iss_parameter_supported, true);
    assert.ok(metadata.grant_types_supported.includes('authorization_code'));
    for (const method of ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt']) {
      assert.ok(metadata.token_endpoint_auth_methods_supported.includes(method), method);
    }
    assert.ok(!metadata.token_endpoint_auth_methods_supported.includes('none'));
    assert.notEqual(metadata.require_pushed_authorization_requests, true);
    assert.equal(metadata.request_parameter_supported, true);
    assert.notEqual(metadata.require_signed_request_object, true);
    for (const signing of ['token_endpoint_auth_signing_alg_values_supported', 'request_object_signing_alg_values_supported']) {
      for (const algorithm of ['ES256', 'PS256', 'EdDSA', 'HS256']) assert.ok(metadata[signing].includes(algorithm), algorithm);
      assert.ok(!metadata[signing].includes('none'), signing);
    }
    assert.deepEqual(Object.values(metadata).filter((value) => value === null), []);
  }
});

test('the OpenID document has what an OpenID client must find', async () => {
  const metadata = await get('/.well-known/openid-configuration');
  assert.deepEqual(metadata.id_token_signing_alg_values_supported, ['ES256']);
  assert.ok(metadata.subject_types_supported.length > 0);
  assert.ok(metadata.scopes_supported === undefined || metadata.scopes_supported.includes('openid'));
});

test('the key set publishes an ES256 key and nothing private', async () => {
  const { keys } = await get('/jwks');
  const signing = keys.filter(({ use }) => use === 'sig');
  assert.equal(signing.length, 1);
  assert.equal(signing[0].kty, 'EC');
  assert.equal(signing[0].crv, 'P-256');
  assert.ok(signing[0].kid);
  for (const key of keys) {
    for (const member of PRIVATE) assert.ok(!(member in key), member);
  }
});

test('the metadata has the encryption that there are keys for', async (t) => {
  const algorithms = async (keys) => {
    const configured = await startServer({ clients: [web], keys: { keys } });
    t.after(() => configured.stop());
    const metadata = await get('/.well-known/openid-configuration', configured);
    assert.ok(metadata.request_object_encryption_enc_values_supported.includes('A256GCM'));
    return metadata.request_object_encryption_alg_values_supported.filter((algorithm) => /^(RSA|ECDH)/.test(algorithm)).sort();
  };
  const [rsa, p256, , x25519] = encryptionKeys();
  const agreement = ['ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A256KW'];
  assert.deepEqual(await algorithms([]), agreement, 'of the key that was made');
  assert.deepEqual(await algorithms([rsa]), ['RSA-OAEP', 'RSA-OAEP-256']);
  assert.deepEqual(await algorithms([x25519]), agreement);
  assert.deepEqual(await algorithms([{ ...rsa, alg: 'RSA-OAEP-256' }, { ...p256, alg: 'ECDH-ES' }]), ['ECDH-ES', 'RSA-OAEP-256']);
});

test('a signing key of the configuration is the one that is published', async (t) => {
  const configured = await startServer({ clients: [web], keys: { keys: [signingKey] } });
  t.after(() => configured.stop());
  const { keys } = await get('/jwks', configured);
  const { x, y, kid, d } = keys.find(({ use }) => use === 'sig');
  assert.deepEqual({ x, y, kid, d }, { x: signingKey.x, y: signingKey.y, kid: signingKey.kid, d: undefined });
});

test('every encryption key of the configuration is published without its private half', async (t) => {
  const made = encryptionKeys();
  const configured = await startServer({ clients: [web], keys: { keys: made } });
  t.after(() => configured.stop());
  const { keys } = await get('/jwks', configured);

  for (const { kid, kty, n, x } of made) {
    const published = keys.find((key) => key.kid === kid);
    assert.deepEqual({ kty: published.kty, n: published.n, x: published.x, use: published.use }, { kty, n, x, use: 'enc' });
  }
  for (const key of keys) for (const member of PRIVATE) assert.ok(!(member in key), member);
  assert.equal(keys.filter(({ use }) => use === 'sig').length, 1, 'the signing key that was lacking');
});

test('an issuer with TLS in front stands in the metadata, not the address listened on', async (t) => {
  const behindProxy = await startServer({ clients: [web] }, ['--issuer', 'https://as.example.com']);
  t.after(() => behindProxy.stop());
  const metadata = await get('/.well-known/oauth-authorization-server', behindProxy);
  assert.equal(metadata.issuer, 'https://as.example.com');
  assert.equal(metadata.pushed_authorization_request_endpoint, 'https://as.example.com/authorize/par');
});

test('the health check answers', async () => {
  assert.equal((await fetch(`${server.url}/health`)).status, 200);
});

test('an unknown path is not found', async () => {
  assert.equal((await fetch(`${server.url}/nowhere`)).status, 404);
});
