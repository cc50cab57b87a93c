// Request objects and assertions on the wire, made by jose: what the server takes, and what it refuses.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CompactSign } from 'jose';
import { Browser } from './support/browser.mjs';
import { encryptionKeys, signingKey } from './support/keys.mjs';
import {
  assertRefusalPage,
  assertRefused,
  authorizeUrl,
  push,
  redeem,
  redirectUri,
  requestOf,
  resource,
  web,
} from './support/oauth.mjs';
import { assertion, claimsOf, encrypt, seconds, sign } from './support/request-object.mjs';
import { startServer } from './support/server.mjs';

const key = await signingKey('ES256');
const serverKeys = { keys: encryptionKeys() };

/** Pushes with its secret, signs with its key. */
const client = { ...web, client_id: 'signing', jwks: { keys: [key.jwk] }, authorization_details_types: ['payment'] };
const bank = {
  client_id: 'bank',
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: [key.jwk] },
  redirect_uris: [redirectUri],
  scope: 'openid accounts',
};
const hmac = {
  ...web,
  client_id: 'hmac',
  client_secret: 'a secret of thirty-two characters, or of more',
  request_object_signing_alg: 'HS256',
};

const server = await startServer({ keys: serverKeys, clients: [client, bank, hmac, web] });
after(() => server.stop());

async function started(t, policy, clients = [client]) {
  const other = await startServer({ policy, keys: serverKeys, clients });
  t.after(() => other.stop());
  return other;
}

/** A signed request object with its parameters and the verifier for them. */
async function signed(changes = {}, { at = server, by = client, header = {} } = {}) {
  const { parameters, verifier } = requestOf(by, { response_type: 'code' });
  const object = await sign({ ...claimsOf(at, by.client_id, parameters), ...changes }, key, header);
  return { object, parameters, verifier };
}

/** The code for what was opened with this URL. */
async function codeOf(url) {
  const browser = new Browser();
  const answer = await browser.decide(await browser.get(url), 'approve');
  assert.equal(answer.status, 303, answer.html);
  return answer.response.code;
}

async function shown(at, by, request) {
  const { json } = await redeem(at, by, request);
  return JSON.parse((await resource(at, json.access_token)).text);
}

const pushedUrl = (at, by, { json }) => authorizeUrl(at, { client_id: by.client_id, request_uri: json.request_uri });

test('a private_key_jwt client needs no client_id in its forms', async () => {
  const { parameters, verifier } = requestOf(bank);
  const proof = () => assertion(server, 'bank', key);
  const post = async (path, fields) => {
    const response = await fetch(server.url + path, { method: 'POST', body: new URLSearchParams(fields) });
    return { status: response.status, json: await response.json() };
  };
  const pushed = await post('/authorize/par', { ...parameters, ...(await proof()) });
  assert.equal(pushed.status, 201, JSON.stringify(pushed.json));
  const code = await codeOf(pushedUrl(server, bank, pushed));
  const grant = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri };
  const token = await post('/token', { ...grant, ...(await proof()) });
  assert.equal(token.status, 200, JSON.stringify(token.json));
  const { request } = JSON.parse((await resource(server, token.json.access_token)).text);
  assert.equal(request.client_id, 'bank');
  assert.deepEqual(Object.keys(request).filter((name) => name.startsWith('client_a')), []);
});

test('an assertion that fails at the token endpoint uses up no code', async () => {
  const { parameters, verifier } = requestOf(bank);
  const send = async (path, fields) =>
    fetch(server.url + path, { method: 'POST', body: new URLSearchParams(fields) }).then(async (response) => {
      const text = await response.text();
      return { status: response.status, headers: response.headers, text, json: JSON.parse(text) };
    });
  const pushed = await send('/authorize/par', { ...parameters, ...(await assertion(server, 'bank', key)) });
  const code = await codeOf(pushedUrl(server, bank, pushed));
  const grant = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri };
  for (const changes of [{ aud: `${server.url}/token` }, { exp: seconds() - 60 }, { exp: seconds() + 3600 }, { jti: undefined }]) {
    assertRefused(await send('/token', { ...grant, ...(await assertion(server, 'bank', key, changes)) }), 401, 'invalid_client');
  }
  assert.equal((await send('/token', { ...grant, ...(await assertion(server, 'bank', key)) })).status, 200);
});

test('every claim that is no parameter is shown with the type that it had, and in its place', async () => {
  const claims = { value: 'Alice' };
  const { object, parameters, verifier } = await signed({
    'x-number': 1.5,
    'x-true': true,
    'x-null': null,
    'x-list': ['a', 1, {}],
    'x-object': { b: 1, a: [] },
    'x-text': '5',
    resource: 'https://a.example.com/',
    max_age: 300,
    claims: { userinfo: { name: claims } },
    sub: 'alice',
  });
  for (const [how, open] of [
    ['pushed', async () => pushedUrl(server, client, await push(server, client, { request: object }))],
    ['in the query', async () => authorizeUrl(server, { client_id: 'signing', request: object })],
  ]) {
    const code = await codeOf(await open());
    const { request } = await shown(server, client, { code, verifier, parameters });
    assert.deepEqual(
      Object.entries(request),
      Object.entries({
        client_id: 'signing',
        ...parameters,
        'x-number': 1.5,
        'x-true': true,
        'x-null': null,
        'x-list': ['a', 1, {}],
        'x-object': { b: 1, a: [] },
        'x-text': '5',
        resource: ['https://a.example.com/'],
        max_age: 300,
        claims: { userinfo: { name: claims } },
      }),
      how,
    );
  }
});

test('numbers and texts of a request object are shown as they were written, without white space around them', async () => {
  const { parameters, verifier } = requestOf(client);
  const exact = [
    '"authorization_details":[{"type":"payment","amount":100.10,"n":12345678901234567890}]',
    '"claims":{"id_token":{"acr":{"value":1e2}}}',
    '"x-big":12345678901234567890.12345678901234567890',
    '"x-spaced":{ "a" : 1 }',
  ];
  const rest = JSON.stringify(claimsOf(server, 'signing', parameters)).slice(1);
  const object = await new CompactSign(new TextEncoder().encode(`{${exact.join(',')},${rest}`))
    .setProtectedHeader({ alg: key.alg, kid: key.kid })
    .sign(key.privateKey);
  const code = await codeOf(pushedUrl(server, client, await push(server, client, { request: object })));
  const { json } = await redeem(server, client, { code, verifier, parameters });
  const { text } = await resource(server, json.access_token);
  for (const member of exact) {
    const compact = member.replaceAll(' ', '');
    assert.ok(text.includes(compact), `${compact} in ${text}`);
  }
});

test('a request object in the query is opened by any node, and reloaded', async () => {
  const { object, parameters, verifier } = await signed({ prompt: 'consent' });
  const url = authorizeUrl(server, { client_id: 'signing', request: object, scope: 'ignored', redirect_uri: 'https://evil.example.com/' });
  const browser = new Browser();
  await browser.get(url);
  const page = await browser.get(url);
  const { fields, inputs } = page.form();
  assert.deepEqual(inputs.filter(({ type }) => type !== 'hidden'), []);
  assert.ok(fields.some(([, value]) => value.includes(object)), 'the form carries the object as it came');
  assert.ok(!page.html.includes('evil.example.com'), 'and nothing that was beside it');
  const answer = await browser.decide(page, 'approve');
  assert.equal(answer.location.origin, new URL(redirectUri).origin);
  const { request } = await shown(server, client, { code: answer.response.code, verifier, parameters });
  assert.equal(request.prompt, 'consent');
});

test('the form of a signed request is no way around its signature', async (t) => {
  const strict = await started(t, { require_signed_request_object: true });
  const { object } = await signed({}, { at: strict });
  const browser = new Browser();
  const page = await browser.get(authorizeUrl(strict, { client_id: 'signing', request: object }));
  const [header, , signature] = object.split('.');
  const forged = Buffer.from(JSON.stringify({ ...claimsOf(strict, 'signing', requestOf(client).parameters), scope: 'openid' }));
  const broken = [header, forged.toString('base64url'), signature].join('.');
  assertRefusalPage(
    await browser.decide(page, 'approve', (fields) => fields.map(([name, value]) => [name, value.replace(object, broken)])),
    'invalid_request_object',
  );
  assert.equal((await browser.decide(page, 'approve')).status, 303);
});

test('a signed request is denied like any other, and prompt=none comes back at once', async () => {
  const { object, parameters } = await signed();
  const browser = new Browser();
  const denied = await browser.decide(await browser.get(authorizeUrl(server, { client_id: 'signing', request: object })), 'deny');
  assert.equal(denied.response.error, 'access_denied');
  assert.equal(denied.response.state, parameters.state);

  const silent = await signed({ prompt: 'none' });
  const answer = await new Browser().get(authorizeUrl(server, { client_id: 'signing', request: silent.object }));
  assert.equal(answer.response.error, 'login_required');
});

test('HS256 is for the client that has registered it', async () => {
  const secretKey = ({ client_secret }) => ({ alg: 'HS256', privateKey: new TextEncoder().encode(client_secret) });
  const { parameters } = requestOf(hmac);
  const object = await sign(claimsOf(server, 'hmac', parameters), secretKey(hmac));
  assert.equal((await push(server, hmac, { request: object })).status, 201);

  const unregistered = await sign(claimsOf(server, 'signing', parameters), secretKey(client));
  assertRefused(await push(server, client, { request: unregistered }), 400, 'invalid_request_object');
  const withKey = await sign(claimsOf(server, 'hmac', parameters), key);
  assertRefused(await push(server, hmac, { request: withKey }), 400, 'invalid_request_object');
});

const broken = [
  ['of another client', { client_id: 'bank', iss: 'bank' }],
  ['for another server', { aud: 'https://as.example.com' }],
  ['that is over', { exp: seconds() - 60 }],
  ['without an end', { exp: undefined }],
  ['that is good for a day', { exp: seconds() + 86_400 }],
  ['from the future', { nbf: seconds() + 600, exp: seconds() + 900 }],
  ['with a request in it', { request: 'e30.e30.' }],
  ['with a request_uri in it', { request_uri: 'https://client.example.com/ro.jwt' }],
  ['with a secret in it', { client_secret: web.client_secret }],
  ['whose subject is the client', { sub: 'signing' }],
  ['with a scope that is an array', { scope: ['accounts'] }],
  ['with claims that are a string', { claims: '{}' }],
];

for (const [what, changes] of broken) {
  test(`a request object ${what} is refused as invalid_request_object, with a page where it came through a browser`, async () => {
    const { object } = await signed(changes);
    const reply = await push(server, client, { request: object });
    assertRefused(reply, 400, 'invalid_request_object');
    const page = await new Browser().get(authorizeUrl(server, { client_id: 'signing', request: object }));
    assertRefusalPage(page, 'invalid_request_object');
  });
}

test('all request objects that are not good are refused with the same words', async () => {
  const texts = await Promise.all(
    broken.map(async ([, changes]) => (await push(server, client, { request: (await signed(changes)).object })).text),
  );
  assert.equal(new Set(texts).size, 1, texts.join('\n'));
});

for (const [what, header] of [
  ['an assertion', { typ: 'client-authentication+jwt' }],
  ['an access token', { typ: 'at+jwt' }],
]) {
  test(`${what} is no request object`, async () => {
    const { object } = await signed({}, { header });
    assertRefused(await push(server, client, { request: object }), 400, 'invalid_request_object');
  });
}

test('parameters beside a pushed request object are refused', async () => {
  const { object, parameters } = await signed();
  const reply = await push(server, client, { request: object, state: parameters.state });
  assertRefused(reply, 400, 'invalid_request');
});

test('an encrypted object has to be pushed, where somebody has authenticated', async () => {
  const { object, parameters, verifier } = await signed();
  const encrypted = await encrypt(object, server, { kid: 'rsa', alg: 'RSA-OAEP-256', enc: 'A256GCM' });
  const page = await new Browser().get(authorizeUrl(server, { client_id: 'signing', request: encrypted }));
  assertRefusalPage(page, 'invalid_request_object');

  const reply = await push(server, client, { request: encrypted });
  assert.equal(reply.status, 201, reply.text);
  const code = await codeOf(pushedUrl(server, client, reply));
  assert.equal((await shown(server, client, { code, verifier, parameters })).client_id, 'signing');
});

test('what is encrypted has to be signed', async () => {
  const { parameters } = requestOf(client);
  const claims = JSON.stringify(claimsOf(server, 'signing', parameters));
  const encrypted = await encrypt(claims, server, { kid: 'p256', alg: 'ECDH-ES', enc: 'A256GCM' });
  assertRefused(await push(server, client, { request: encrypted }), 400, 'invalid_request_object');
});

test('a server that requires signed requests takes nothing else, and says so in its metadata', async (t) => {
  const strict = await started(t, { require_signed_request_object: true }, [client, web]);
  const metadata = await (await fetch(`${strict.url}/.well-known/openid-configuration`)).json();
  assert.equal(metadata.require_signed_request_object, true);

  assertRefused(await push(strict, web, requestOf(web).parameters), 400, 'invalid_request');
  const plain = await new Browser().get(authorizeUrl(strict, { client_id: 'web', ...requestOf(web).parameters }));
  assert.notEqual(plain.status, 200);
  const { object } = await signed({}, { at: strict });
  assert.equal((await push(strict, client, { request: object })).status, 201);
});

test('a server that requires encrypted requests takes nothing else', async (t) => {
  const strict = await started(t, { require_encrypted_request_object: true });
  const { object } = await signed({}, { at: strict });
  assertRefused(await push(strict, client, requestOf(client).parameters), 400, 'invalid_request');
  assertRefused(await push(strict, client, { request: object }), 400, 'invalid_request_object');
  const encrypted = await encrypt(object, strict, { kid: 'x25519', alg: 'ECDH-ES+A128KW', enc: 'A128GCM' });
  assert.equal((await push(strict, client, { request: encrypted })).status, 201);
});

test('a server without request objects refuses them by name', async (t) => {
  const without = await started(t, { request_parameter_supported: false });
  const metadata = await (await fetch(`${without.url}/.well-known/openid-configuration`)).json();
  assert.equal(metadata.request_parameter_supported, false);
  assert.equal(metadata.request_object_signing_alg_values_supported, undefined);
  const { object } = await signed({}, { at: without });
  assertRefused(await push(without, client, { request: object }), 400, 'request_not_supported');
});

test('where request objects are good for one use, the second one is refused', async (t) => {
  const once = await started(t, { single_use_request_objects: true });
  const { object } = await signed({}, { at: once });
  assert.equal((await push(once, client, { request: object })).status, 201);
  assertRefused(await push(once, client, { request: object }), 400, 'invalid_request_object');

  const browser = new Browser();
  const other = await signed({}, { at: once });
  const page = await browser.get(authorizeUrl(once, { client_id: 'signing', request: other.object }));
  const answer = await browser.decide(page, 'approve');
  assert.equal(answer.status, 303);
  assert.equal((await browser.decide(page, 'approve')).location.href, answer.location.href, 'a second click');
  const another = new Browser();
  const again = await another.get(authorizeUrl(once, { client_id: 'signing', request: other.object }));
  assertRefusalPage(await another.decide(again, 'approve'), 'invalid_request_object');
});

test('an algorithm that the server does not offer is refused, with the right key', async (t) => {
  const narrow = await started(t, {
    request_object_signing_alg_values_supported: ['PS256'],
    request_object_encryption_alg_values_supported: ['RSA-OAEP-256'],
    request_object_encryption_enc_values_supported: ['A256GCM'],
  });
  const metadata = await (await fetch(`${narrow.url}/.well-known/oauth-authorization-server`)).json();
  assert.deepEqual(metadata.request_object_signing_alg_values_supported, ['PS256']);
  assert.deepEqual(metadata.request_object_encryption_alg_values_supported, ['RSA-OAEP-256']);
  assert.deepEqual(metadata.request_object_encryption_enc_values_supported, ['A256GCM']);
  const { object } = await signed({}, { at: narrow });
  assertRefused(await push(narrow, client, { request: object }), 400, 'invalid_request_object');
});
