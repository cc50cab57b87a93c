import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, test } from 'node:test';
import { assertRefused, basic, comparable, other, post, push, requestOf, web } from './support/oauth.mjs';
import { startServer } from './support/server.mjs';

const server = await startServer({
  clients: [
    web,
    { ...post, authorization_details_types: ['payment'] },
    { ...other, authorization_details_types: ['consent'] },
  ],
});
after(() => server.stop());

const par = `${server.url}/authorize/par`;
const FORM = 'application/x-www-form-urlencoded';

/** Sends a body as it is; a header given as undefined is left out. */
async function raw(body, headers = {}, { method = 'POST', url = par } = {}) {
  const all = Object.entries({ authorization: basic(web), 'content-type': FORM, ...headers });
  const response = await fetch(url, {
    method,
    // As bytes, since fetch announces text as text/plain by itself.
    body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
    duplex: 'half',
    headers: all.filter(([, value]) => value !== undefined),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: text.startsWith('{') ? JSON.parse(text) : undefined };
}

const complete = () => new URLSearchParams(requestOf(web).parameters).toString();

test('an accepted push is 201 with a fresh handle and a lifetime, not to be cached', async () => {
  const [one, two] = [await raw(complete()), await raw(complete())];
  assert.equal(one.status, 201);
  assert.deepEqual(Object.keys(one.json).sort(), ['expires_in', 'request_uri']);
  assert.match(one.json.request_uri, /^urn:ietf:params:oauth:request_uri:[\w-]{43}$/);
  assert.equal(one.json.expires_in, 60);
  assert.match(one.headers.get('content-type'), /^application\/json/);
  assert.match(one.headers.get('cache-control'), /\bno-store\b/);
  assert.equal(one.headers.get('access-control-allow-origin'), null);
  assert.notEqual(one.json.request_uri, two.json.request_uri);
});

for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
  test(`${method} is answered with 405 and the method that is allowed`, async () => {
    const reply = await raw(method === 'GET' || method === 'HEAD' ? undefined : complete(), {}, { method });
    assert.equal(reply.status, 405);
    assert.equal(reply.headers.get('allow'), 'POST');
  });
}

for (const [path, method, allowed] of [
  ['/token', 'GET', ['POST']],
  ['/authorize', 'DELETE', ['GET', 'POST']],
  ['/resource', 'DELETE', ['GET']],
  ['/jwks', 'POST', ['GET']],
  ['/health', 'POST', ['GET']],
]) {
  test(`${method} ${path} is answered with 405 and what is allowed`, async () => {
    const reply = await raw(undefined, {}, { method, url: server.url + path });
    assert.equal(reply.status, 405);
    const allow = reply.headers.get('allow').split(',').map((name) => name.trim());
    for (const name of allowed) assert.ok(allow.includes(name), allow.join());
  });
}

for (const [what, headers] of [
  ['JSON', { 'content-type': 'application/json' }],
  ['multipart', { 'content-type': 'multipart/form-data; boundary=x' }],
  ['text', { 'content-type': 'text/plain' }],
  ['a form in another character set', { 'content-type': `${FORM}; charset=utf-7` }],
  ['nothing', { 'content-type': undefined }],
  ['an empty type', { 'content-type': '' }],
  ['a compressed form', { 'content-encoding': 'gzip' }],
]) {
  test(`a body announced as ${what} is refused`, async () => {
    assertRefused(await raw(complete(), headers), 400, 'invalid_request');
  });
}

for (const type of [`${FORM};charset=UTF-8`, FORM.toUpperCase(), `${FORM}; charset="utf-8"`]) {
  test(`a body announced as ${type} is taken`, async () => {
    assert.equal((await raw(complete(), { 'content-type': type })).status, 201);
  });
}

test('a body of 64 KiB is read, one byte more is refused with 413', async () => {
  const start = `${complete()}&x=`;
  const atLimit = await raw(start + 'x'.repeat(65_536 - start.length));
  assert.notEqual(atLimit.status, 413);
  const reply = await raw(start + 'x'.repeat(65_537 - start.length));
  assert.equal(reply.status, 413);
});

test('a body of many times the limit still gets its 413, with and without an announced length', async () => {
  assert.equal((await raw('x'.repeat(4_000_000))).status, 413);

  const chunk = new TextEncoder().encode('x'.repeat(8192));
  let left = 40;
  const body = new ReadableStream({
    pull: (controller) => (left-- > 0 ? controller.enqueue(chunk) : controller.close()),
  });
  assert.equal((await raw(body)).status, 413);
});

test('a body too long for the token endpoint is refused with 413', async () => {
  const reply = await raw(`grant_type=authorization_code&code=${'x'.repeat(65_537)}`, {}, { url: `${server.url}/token` });
  assert.equal(reply.status, 413);
});

for (const [what, change] of [
  ['a parameter twice', (form) => `${form}&scope=accounts`],
  ['a parameter twice under an encoded name', (form) => `${form}&%73cope=accounts`],
  ['an invalid escape', (form) => `${form}&x=%zz`],
  ['half an escape', (form) => `${form}&x=%`],
  ['bytes that are not UTF-8', (form) => `${form}&x=%FF`],
  ['an overlong encoding', (form) => `${form}&x=%C0%AF`],
  ['a control character', (form) => `${form}&x=a%0d%0aSet-Cookie:x`],
  ['a nameless parameter', (form) => `${form}&=v`],
  ['a request_uri', (form) => `${form}&request_uri=https%3A%2F%2Fclient.example.com%2Fro.jwt`],
  ['a client_id of another client', (form) => `${form}&client_id=${encodeURIComponent(other.client_id)}`],
  ['no response_type', (form) => form.replace('response_type=code&', '')],
  ['a challenge that is too short', (form) => form.replace(/code_challenge=[^&]*/, 'code_challenge=short')],
  ['a challenge method without a challenge', (form) => form.replace(/code_challenge=[^&]*&/, '')],
  ['prompt=none among others', (form) => `${form}&prompt=none+login`],
  ['a negative max_age', (form) => `${form}&max_age=-1`],
  ['claims that are not JSON', (form) => `${form}&claims=%7B`],
  ['claims that are not an object', (form) => `${form}&claims=%5B%5D`],
  ['a state with a line break', (form) => form.replace(/state=[^&]*/, 'state=a%0Ab')],
]) {
  test(`a push with ${what} is refused as invalid_request`, async () => {
    const reply = await raw(change(complete()));
    // Identifiers that disagree may count as a malformed request or as a failed authentication.
    if (what.startsWith('a client_id') && reply.status === 401) return assertRefused(reply, 401, 'invalid_client');
    assertRefused(reply, 400, 'invalid_request');
  });
}

for (const [what, changes, code] of [
  ['a scope that is not registered', { scope: 'accounts admin' }, 'invalid_scope'],
  ['another response type', { response_type: 'token' }, /^(unsupported_response_type|unauthorized_client)$/],
  ['an invented response type', { response_type: 'invented' }, 'unsupported_response_type'],
  ['a resource with a fragment', { resource: 'https://a.example.com/#f' }, 'invalid_target'],
  ['a relative resource', { resource: '/accounts' }, 'invalid_target'],
  ['authorization_details that are no array', { authorization_details: '{"type":"payment"}' }, 'invalid_authorization_details'],
  ['a registration', { registration: '{}' }, 'registration_not_supported'],
]) {
  test(`a push with ${what} is refused as ${code}`, async () => {
    const reply = await push(server, web, requestOf(web, changes).parameters);
    if (code instanceof RegExp) {
      assert.equal(reply.status, 400);
      assert.match(reply.json.error, code);
    } else {
      assertRefused(reply, 400, code);
    }
  });
}

test('a push with a request object that is none is refused as invalid_request_object', async () => {
  assertRefused(await push(server, web, { request: 'e30.e30.' }), 400, 'invalid_request_object');
});

test('parameters in the query of the PAR endpoint are refused', async () => {
  const reply = await raw(complete(), {}, { url: `${par}?redirect_uri=https%3A%2F%2Fevil.example.com%2F` });
  assertRefused(reply, 400, 'invalid_request');
});

test('two ways of authentication at once are refused', async () => {
  const form = `${complete()}&client_id=web&client_secret=${encodeURIComponent(web.client_secret)}`;
  assertRefused(await raw(form), 400, 'invalid_request');
});

test('two Authorization headers are refused', async () => {
  const status = await new Promise((resolve, reject) => {
    const request = httpRequest(par, { method: 'POST' }, (response) => resolve(response.resume().statusCode));
    request.on('error', reject);
    request.setHeader('content-type', FORM);
    request.setHeader('authorization', [basic(web), basic(web)]);
    request.end(complete());
  });
  assert.ok(status === 400 || status === 401, String(status));
});

test('every failed authentication gets the same 401 with a Basic challenge, byte for byte', async () => {
  const { parameters } = requestOf(web);
  const form = (extra) => new URLSearchParams({ ...parameters, ...extra }).toString();
  const base64 = (text) => `Basic ${Buffer.from(text).toString('base64')}`;
  const wrongSecret = await raw(form(), { authorization: basic({ ...web, client_secret: 'wrong' }) });
  assertRefused(wrongSecret, 401, 'invalid_client');
  assert.match(wrongSecret.headers.get('www-authenticate'), /^Basic\b/);

  for (const [what, reply] of [
    ['unknown client', await raw(form(), { authorization: basic({ ...web, client_id: 'unknown' }) })],
    ['secret with one more character', await raw(form(), { authorization: basic({ ...web, client_secret: `${web.client_secret}x` }) })],
    ['secret without form encoding', await raw(form(), { authorization: base64(`${web.client_id}:${web.client_secret}`) })],
    ['client_id in upper case', await raw(form(), { authorization: basic({ ...web, client_id: 'WEB' }) })],
    ['a Basic client that posts', await raw(form({ client_id: web.client_id, client_secret: web.client_secret }), { authorization: undefined })],
    ['a posting client with Basic', await raw(form(), { authorization: basic(post) })],
    ['no credentials', await raw(form({ client_id: web.client_id }), { authorization: undefined })],
    ['no credentials of an unknown client', await raw(form({ client_id: 'unknown' }), { authorization: undefined })],
  ]) {
    assert.equal(reply.status, 401, `${what}: ${reply.text}`);
    assert.equal(reply.text, wrongSecret.text, what);
    assert.deepEqual(comparable(reply.headers), comparable(wrongSecret.headers), what);
  }
});

test('refusals repeat nothing of the request', async () => {
  const { parameters } = requestOf(web, { 'x-canary': 'canary', scope: 'canary', redirect_uri: 'https://canary.example/' });
  const reply = await push(server, { ...web, client_secret: 'canary' }, parameters);
  assert.ok(!reply.text.includes('canary'));
  const accepted = await push(server, web, parameters);
  assert.equal(accepted.status, 400);
  assert.ok(!accepted.text.includes('canary'));
});

test('authorization_details are taken of a registered type only', async () => {
  const reply = (client, type) =>
    push(server, client, requestOf(client, { authorization_details: JSON.stringify([{ type, amount: 1 }]) }).parameters);
  assert.equal((await reply(post, 'payment')).status, 201);
  assertRefused(await reply(post, 'consent'), 400, 'invalid_authorization_details');
  assertRefused(await reply(web, 'invented'), 400, 'invalid_authorization_details');
  assertRefused(await reply(post, undefined), 400, 'invalid_authorization_details');
});

test('a Host header changes nothing', async () => {
  const metadata = await new Promise((resolve, reject) => {
    const url = `${server.url}/.well-known/oauth-authorization-server`;
    httpRequest(url, { headers: { host: 'evil.example.com' } }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve(JSON.parse(text));
    })
      .on('error', reject)
      .end();
  });
  assert.equal(metadata.issuer, server.url);
});
