// Whichever framework serves it, a client sees the same server: raw requests to both, raw answers compared.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, test } from 'node:test';
import { exchange } from '../support/raw-http.mjs';
import { basic, web } from '../support/oauth.mjs';
import { startServer } from '../support/server.mjs';

const privateKey = (use, type, options) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }),
  use,
  kid: use,
});
const config = {
  policy: { require_pushed_authorization_requests: false },
  clients: [web],
  keys: { keys: [privateKey('sig', 'ec', { namedCurve: 'P-256' }), privateKey('enc', 'x25519', {})] },
};
const issuer = ['--issuer', 'https://as.example.com'];
const axum = await startServer(config, issuer, { example: 'axum' });
const actix = await startServer(config, issuer, { example: 'actix' });
after(() => Promise.all([axum.stop(), actix.stop()]));

const FORM = 'content-type: application/x-www-form-urlencoded';
const AUTHENTICATED = `authorization: ${basic(web)}`;
const PUSH = `response_type=code&redirect_uri=${encodeURIComponent(web.redirect_uris[0])}`;
const OPEN = `client_id=web&${PUSH}`;
/** The limit of bodies that the library has by default, and what the examples read of a longer one. */
const LIMIT = 64 * 1024;
const DROPPED = 8 * 1024 * 1024;

/** Bytes of a request that closes its connection. Text is Latin-1. */
function request(line, headers = [], body = undefined) {
  const length = body === undefined ? [] : [`content-length: ${body.length}`];
  return Buffer.from(
    [`${line} HTTP/1.1`, 'host: as.example.com', 'connection: close', ...headers, ...length, '', body ?? ''].join('\r\n'),
    'latin1',
  );
}
const form = (line, body, headers = []) => request(line, [FORM, ...headers], body);
const push = (body, headers = []) => form('POST /authorize/par', body, [AUTHENTICATED, ...headers]);
const chunked = (line, chunks, headers = [], end = '0\r\n\r\n') =>
  Buffer.concat([
    request(line, ['transfer-encoding: chunked', ...headers]),
    Buffer.from(chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('') + end, 'latin1'),
  ]);
const pushChunks = (chunks, end) => chunked('POST /authorize/par', chunks, [FORM, AUTHENTICATED], end);

const PATHS = [
  '/', '/authorize', '/authorize/par', '/token', '/resource', '/jwks', '/health', '/ready', '/style.css', '/icon.svg',
  '/.well-known/oauth-authorization-server', '/.well-known/openid-configuration', '/playground/push',
  '/playground/callback', '/playground/run/x', '/nothing',
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'get'];

for (const method of METHODS) {
  test(`${method} of every path`, async () => {
    for (const path of PATHS) {
      await alike(`${method} ${path}`, request(`${method} ${path}`, [], method === 'POST' ? '' : undefined));
    }
  });
}

for (const [what, bytes] of [
  ['a push', push(PUSH)],
  ['a push with every header twice', push(PUSH, [FORM, AUTHENTICATED])],
  ['two Authorization headers', push(PUSH, [AUTHENTICATED])],
  ['two Content-Type headers', form('POST /authorize/par', PUSH, [FORM, AUTHENTICATED])],
  ['names of headers in upper case', push(PUSH).toString('latin1').replace('content-type', 'CONTENT-TYPE').replace('authorization', 'AUTHORIZATION')],
  ['a header value that is not UTF-8', push(PUSH, ['x-note: \xff\xfe'])],
  ['credentials that are not ASCII', form('POST /authorize/par', PUSH, ['authorization: Basic \xff\xfe'])],
  ['a media type that is not ASCII', request('POST /authorize/par', [AUTHENTICATED, 'content-type: \xe9'], PUSH)],
  ['a cookie that is not UTF-8', request(`GET /authorize?${OPEN}`, ['cookie: a=\xff'])],
  ['two cookie headers', request(`GET /authorize?${OPEN}`, ['cookie: a=1', 'cookie: b=2'])],
  ['an empty header value', push(PUSH, ['x-empty:'])],
  ['a query at the PAR endpoint', form(`POST /authorize/par?${PUSH}`, PUSH, [AUTHENTICATED])],
  ['an empty query at the PAR endpoint', form('POST /authorize/par?', PUSH, [AUTHENTICATED])],
  ['a body with GET', form('GET /authorize/par', PUSH, [AUTHENTICATED])],
  ['a body with DELETE', form('DELETE /authorize/par', PUSH, [AUTHENTICATED])],
  ['a body where nobody reads one', form('GET /health', PUSH)],
  ['no body', request('POST /authorize/par', [FORM, AUTHENTICATED, 'content-length: 0'])],
  ['neither body nor length', request('POST /authorize/par', [FORM, AUTHENTICATED])],
  ['a body that is not UTF-8', push('response_type=\xff\xfe')],
  ['a body with a NUL', push('response_type=\0')],
  ['a body of just the limit', push(PUSH.padEnd(LIMIT, '&'))],
  ['a body of one byte too much', push(PUSH.padEnd(LIMIT + 1, '&'))],
  ['a body of twice the limit', push(PUSH.padEnd(2 * LIMIT, '&'))],
  ['a body of a megabyte', push('x'.repeat(1024 * 1024))],
  ['a body just within what is read', push('x'.repeat(DROPPED))],
  ['a big body for the authorization endpoint', form('POST /authorize', OPEN.padEnd(LIMIT + 1, '&'))],
  ['a big body for the token endpoint', form('POST /token', 'x'.repeat(LIMIT + 1), [AUTHENTICATED])],
  ['chunks', pushChunks([PUSH.slice(0, 10), PUSH.slice(10)])],
  ['chunks of one byte', pushChunks([...PUSH])],
  ['chunks with trailers', pushChunks([PUSH], '0\r\nx-trailer: 1\r\n\r\n')],
  ['no chunk but the last', pushChunks([])],
  ['chunks of just the limit', pushChunks([PUSH.padEnd(LIMIT / 2, '&'), '&'.repeat(LIMIT / 2)])],
  ['chunks of one byte too much', pushChunks([PUSH.padEnd(LIMIT, '&'), '&'])],
  ['chunks of a megabyte', pushChunks(Array(1024).fill('x'.repeat(1024)))],
  ['Expect: 100-continue', push(PUSH, ['expect: 100-continue'])],
  ['HTTP/1.0', Buffer.from(`POST /authorize/par HTTP/1.0\r\n${FORM}\r\n${AUTHENTICATED}\r\ncontent-length: ${PUSH.length}\r\n\r\n${PUSH}`)],
  ['HTTP/1.0 without a host', Buffer.from('GET /health HTTP/1.0\r\n\r\n')],
  ['HTTP/1.1 without a host', Buffer.from('GET /health HTTP/1.1\r\nconnection: close\r\n\r\n')],
  ['two hosts', request('GET /health', ['host: other.example.com'])],
  ['a host that is none', request('GET /').toString('latin1').replace('as.example.com', 'a b')],
  ['a sign-in page', request(`GET /authorize?${OPEN}`)],
  ['a sign-in page by POST', form('POST /authorize', OPEN)],
  ['a sign-in page by POST from elsewhere', form('POST /authorize', OPEN, ['origin: https://client.example.com'])],
  ['a redirect with an error', request(`GET /authorize?${OPEN}&prompt=none`)],
  ['a refusal page', request('GET /authorize?client_id=web&request_uri=urn:ietf:params:oauth:request_uri:x')],
  ['a request without a query', request('GET /authorize')],
  ['an empty query', request('GET /authorize?')],
  ['a query with question marks', request(`GET /authorize?${OPEN}&state=??`)],
  ['a query with bytes that are not ASCII', request(`GET /authorize?${OPEN}&state=\xe9`)],
  ['a query with encoded bytes that are not UTF-8', request(`GET /authorize?${OPEN}&state=%ff`)],
  ['a query with a broken escape', request(`GET /authorize?${OPEN}&state=%f`)],
  ['a query with characters that URLs do not have', request(`GET /authorize?${OPEN}&state="<>{}|^\``)],
  ['a fragment', request(`GET /authorize?${OPEN}#state=x`)],
  ['a query of 8 KiB', request(`GET /authorize?${OPEN}&state=`.padEnd(8 * 1024, 'x'))],
  ['a query of 32 KiB', request(`GET /authorize?${OPEN}&state=`.padEnd(32 * 1024, 'x'))],
  ['a query of 60 KiB', request(`GET /authorize?${OPEN}&state=`.padEnd(60 * 1024, 'x'))],
  ['a redemption', form('POST /token', 'grant_type=authorization_code&code=x', [AUTHENTICATED])],
  ['a token that is none', request('GET /resource', ['authorization: Bearer x'])],
  ['an absolute target', request('GET http://as.example.com/health')],
  ['an absolute target of another host', request('GET http://other.example.com/jwks')],
  ['an absolute target without a path', request('GET http://as.example.com')],
  ['an absolute target with a query', request(`GET https://as.example.com/authorize?${OPEN}`)],
  ['a push to an absolute target', form('POST https://as.example.com/authorize/par', PUSH, [AUTHENTICATED])],
  ['OPTIONS of the server', request('OPTIONS *')],
  ['a target that is only a host', request('GET as.example.com')],
  ...[
    '/%61uthorize', '/authorize%2Fpar', '/authorize%2fpar', '/authorize/%70ar', '/%68ealth', '/health%00', '/health%20',
    '/%ff', '/health/', '//health', '/./health', '/x/../health', '/HEALTH', '/health;x=1', '/authorize/par/', '/authorize/',
    '/playground/run/', '/playground/run/a/b', '/playground/run/a%2Fb', '/playground/run/%41', '/playground/run/%ff',
    '/playground/run/%', '/playground/run/%zz', '/playground%2Frun/x', '/playground/ru%6E/x', '/playground/run/..',
    '/playground/run/%2e%2e', '/playground/run/{id}', '/.well-known/openid-configuration/', '/.well-known//openid-configuration',
  ].map((path) => [`the path ${path}`, request(`GET ${path}`)]),
]) {
  test(`both answer alike: ${what}`, () => alike(what, bytes));
}

// Here each parser has words of its own, but both refuse, and close the connection.
const CHUNKED = ['POST /authorize/par', [FORM, AUTHENTICATED, 'transfer-encoding: chunked']];
for (const [what, bytes] of [
  ['no HTTP', Buffer.from('hello\r\n\r\n')],
  ['a version that is none', Buffer.from('GET /health HTTP/1.7\r\nhost: a\r\n\r\n')],
  ['a target with a space', request('GET /he alth')],
  ['a header without a colon', request('GET /health', ['nonsense'])],
  ['a header name with a space', request('GET /health', ['x y: z'])],
  ['a space before the colon', request('GET /health', ['x : y'])],
  ['a folded header', request('GET /health', ['x: y', ' z'])],
  ['a header value with a NUL', request('GET /health', ['x: \0'])],
  ['two lengths', push(PUSH, ['content-length: 1'])],
  ['a length that is no number', request('POST /authorize/par', [FORM, 'content-length: x'])],
  ['a length with a sign', request('POST /authorize/par', [FORM, 'content-length: +1'], 'x')],
  ['a negative length', request('POST /authorize/par', [FORM, 'content-length: -1'])],
  ['an encoding that nobody knows', request('POST /authorize/par', [FORM, 'transfer-encoding: strange'])],
  ['a length of a chunk that is none', Buffer.concat([request(...CHUNKED), Buffer.from('x\r\nabc\r\n0\r\n\r\n')])],
  ['a length of a chunk beyond all numbers', Buffer.concat([request(...CHUNKED), Buffer.from('fffffffffffffffff\r\nabc\r\n0\r\n\r\n')])],
  ['a chunk longer than it says', Buffer.concat([request(...CHUNKED), Buffer.from('1\r\nabc\r\n0\r\n\r\n')])],
  ['a query of 70 KiB', request(`GET /authorize?${OPEN}&state=`.padEnd(70 * 1024, 'x'))],
  ['a thousand headers', request('GET /health', Array(1000).fill('x: y'))],
  ['a header of a megabyte', request('GET /health', [`x: ${'y'.repeat(1024 * 1024)}`])],
]) {
  test(`both refuse ${what}`, async () => {
    for (const { url } of [axum, actix]) {
      const { outcome, answers } = await exchange(url, bytes);
      assert.ok(answers.length > 0 ? /^HTTP\/1\.. 4\d\d /.test(answers[0].status) : outcome !== 'silence', JSON.stringify({ url, outcome, answers }));
    }
  });
}

for (const [what, bytes] of [
  ['a body', push(PUSH).subarray(0, -5)],
  ['a chunk', pushChunks([PUSH]).subarray(0, -12)],
  ['chunks', pushChunks([PUSH], '')],
  ['a body above the limit', push('x'.repeat(4 * LIMIT)).subarray(0, -5)],
]) {
  test(`both take nothing from ${what} that breaks off`, async () => {
    for (const { url } of [axum, actix]) {
      const { answers } = await exchange(url, bytes, { end: true });
      for (const { status } of answers) assert.match(status, /^HTTP\/1\.1 4\d\d /, url);
    }
  });
}

test('neither waits for a body for ever', async () => {
  // The length says more than is sent.
  await alike('a body that stays away', form('POST /authorize/par', PUSH.padEnd(1000, '&')).subarray(0, -500));
});

test('both answer one request after the other on one connection', async () => {
  const persistent = (bytes) => Buffer.from(bytes.toString('latin1').replace('connection: close\r\n', ''), 'latin1');
  const bytes = [
    push(PUSH), request('HEAD /health'), push(PUSH.padEnd(LIMIT + 1, '&')), pushChunks([PUSH]), request('GET /nothing'),
  ];
  await alike('one after the other', [...bytes.map(persistent), request('GET /health')], bytes.length + 1);
});

async function alike(what, bytes, count = 1) {
  const [one, other] = await Promise.all([axum, actix].map(async ({ url }) => legible(await exchange(url, bytes))));
  assert.deepEqual(other, one, what);
  assert.equal(one.length, count, what);
}

/** Without what differs between two answers of one server: dates and random values. */
function legible({ answers }) {
  return answers.map(({ status, headers, body }) => ({
    status,
    headers: headers.filter(([name]) => name !== 'date').map(([name, value]) => `${name}: ${settled(name, value)}`).sort(),
    body: settled('body', body),
  }));
}

/** Lists may have spaces between their members. */
const settled = (name, text) =>
  name === 'allow'
    ? text.replaceAll(', ', ',')
    : text
        .replace(/^(__Host-parjar-[\w-]{12}-)[\w-]{12}=/, '$1(random)=')
        .replaceAll(/[\w-]{43}/g, '(random)')
        .replace(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, '(uuid)');
