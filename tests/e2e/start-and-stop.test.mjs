import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { web } from './support/oauth.mjs';
import { configFile, logged, runServer, startServer } from './support/server.mjs';

const run = promisify(execFile);
const shell = async (line) => (await run('sh', ['-c', line])).stdout;

const CANARY = 'canary-value';

/** Exit code 2, one line on standard error that has these words, and no value of the configuration. */
function assertFault({ code, stdout, stderr }, words) {
  assert.equal(code, 2, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /^[^\n]+\n$/, 'one line');
  for (const word of words) assert.ok(stderr.includes(word), `${word} in: ${stderr}`);
  assert.ok(!stderr.toLowerCase().includes(CANARY), stderr);
  assert.ok(!stderr.includes(web.client_secret), stderr);
}

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`${signal} stops the server cleanly`, async () => {
    const server = await startServer({ clients: [web] });
    assert.equal((await fetch(`${server.url}/health`)).status, 200);
    await server.stop(signal);
  });
}

test('a request that is under way at the stop is answered, and an idle connection does not hold the server up', async () => {
  const server = await startServer({ clients: [web] });
  const { hostname: host, port } = new URL(server.url);
  const idle = connect({ host, port });
  const half = connect({ host, port });
  await Promise.all([once(idle, 'connect'), once(half, 'connect')]);
  half.write(`POST /authorize/par HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n`);
  await once(half, 'data');
  idle.on('error', () => {});
  const stopped = server.stop();
  // New ones are turned away once it knows.
  for (let tries = 0; tries < 500 && (await connects(host, port)); tries += 1) await sleep(10);
  half.write('a=b');
  assert.match(await text(half), /^HTTP\/1\.1 4/);
  await stopped;
});

async function connects(host, port) {
  const socket = connect({ host, port });
  const connected = await new Promise((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  socket.destroy();
  return connected;
}

test('without a configuration file the server prints a curl line for its demo clients, and the line works', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const line = /^ *(curl .*\/authorize\/par.*)$/m.exec(server.output.stdout)?.[1];
  assert.ok(line, server.output.stdout);
  const reply = JSON.parse(await shell(line));
  assert.match(reply.request_uri, /^urn:ietf:params:oauth:request_uri:/, JSON.stringify(reply));
});

test('a client whose keys would have to be fetched is pointed out in the log', async (t) => {
  const server = await startServer({ clients: [{ ...web, jwks_uri: 'https://client.example.com/jwks' }] });
  t.after(() => server.stop());
  await logged(server, /^client "web": jwks_uri: .*$/m);
});

test('what is ignored in a registration is named in the log, without its value', async (t) => {
  const messy = {
    ...web,
    jwks: {},
    redirect_uris: [...web.redirect_uris, `https://client.example.com/${CANARY}#x`],
    response_types: ['code', CANARY],
    token_endpoint_auth_signing_alg: CANARY,
  };
  const server = await startServer({ clients: [messy] });
  t.after(() => server.stop());
  for (const member of ['jwks', 'redirect_uris', 'response_types', 'token_endpoint_auth_signing_alg']) {
    await logged(server, new RegExp(`^client "web": ignored: ${member}: .+$`, 'm'));
  }
  assert.ok(!server.output.stderr.includes(CANARY), server.output.stderr);
});

for (const [what, serverArguments, words] of [
  ['an unknown flag', ['--bogus'], ['--bogus']],
  ['a stray argument', ['bogus'], ['flag']],
  ['a flag without its value', ['--listen'], ['--listen']],
  ['a flag given twice', ['--listen', '127.0.0.1:0', '--listen', '127.0.0.1:0'], ['--listen']],
  ['an address that is none', ['--listen', 'nowhere'], ['--listen']],
  ['an issuer that is no URL', ['--listen', '127.0.0.1:0', '--issuer', 'bogus'], ['issuer']],
  ['an http issuer that is not loopback', ['--listen', '127.0.0.1:0', '--issuer', 'http://as.example.com'], ['issuer']],
  ['an issuer with a query', ['--listen', '127.0.0.1:0', '--issuer', 'https://as.example.com/?x=1'], ['issuer']],
  ['a store that is none', ['--store', CANARY], ['--store']],
  ['a store given twice', ['--store', 'memory', '--store', `redis://:${CANARY}@127.0.0.1`], ['--store']],
  ['a store of another kind', ['--store', `mysql://${CANARY}@127.0.0.1/db`], ['--store']],
  ['a URL without slashes', ['--store', `redis:${CANARY}@127.0.0.1`], ['--store']],
  ['a Redis database that is no number', ['--store', `redis://127.0.0.1/${CANARY}`], ['--store']],
  ['a Redis that may be anybody', ['--store', `rediss://:${CANARY}@127.0.0.1/#insecure`], ['--store', '#insecure']],
  ['a Redis that is not there', ['--store', `redis://${CANARY}:${CANARY}@127.0.0.1:1/0`], ['--store', 'Redis']],
  ['a Redis over TLS that is not there', ['--store', `rediss://${CANARY}:${CANARY}@localhost:1`], ['--store', 'Redis']],
  ['a host that nobody knows', ['--store', `redis://${CANARY}.invalid`], ['--store', 'Redis']],
  ['a PostgreSQL that is not there', ['--store', `postgres://${CANARY}:${CANARY}@127.0.0.1:1/${CANARY}`], ['--store', 'PostgreSQL']],
  ['a PostgreSQL by its long name', ['--store', `postgresql://${CANARY}@127.0.0.1:1`], ['--store', 'PostgreSQL']],
  ['a PostgreSQL without a host', ['--store', `postgres:///${CANARY}`], ['--store', 'PostgreSQL']],
  ['an unknown option of PostgreSQL', ['--store', `postgres://127.0.0.1:1/db?${CANARY}=1`], ['--store']],
  ['an unknown sslmode', ['--store', `postgres://127.0.0.1:1/db?sslmode=${CANARY}`], ['--store', 'sslmode']],
  ['a fetch with a value', ['--fetch=yes'], ['--fetch']],
  ['authorities for nothing', ['--fetch-authorities', '/nonexistent/ca.pem'], ['--fetch-authorities', '--fetch']],
  ['authorities that are not there', ['--fetch', '--fetch-authorities', '/nonexistent/ca.pem'], ['/nonexistent/ca.pem']],
  ['authorities that are none', ['--fetch', '--fetch-authorities', '/dev/null'], ['/dev/null', 'PEM']],
  ['an address to fetch nothing from', ['--danger-fetch-from', '127.0.0.1:1'], ['--danger-fetch-from', '--fetch']],
  ['a configuration file that is not there', ['--listen', '127.0.0.1:0', '--config', '/nonexistent/parjar.json'], ['/nonexistent/parjar.json']],
]) {
  test(`the command line is refused for ${what}`, async () => {
    assertFault(await runServer(serverArguments), words);
  });
}

for (const scheme of ['redis', 'rediss', 'postgres']) {
  test(`a ${scheme} server that says nothing is a fault of --store within seconds`, async (t) => {
    const sockets = [];
    const silent = createServer((socket) => sockets.push(socket.on('error', () => {}))).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const store = `${scheme}://${CANARY}:${CANARY}@127.0.0.1:${silent.address().port}`;
    assertFault(await runServer(['--listen', '127.0.0.1:0', '--store', store]), ['--store']);
  });
}

test('an address that is taken is a fault of --listen', async (t) => {
  const server = await startServer({ clients: [web] });
  t.after(() => server.stop());
  assertFault(await runServer(['--listen', new URL(server.url).host]), ['--listen']);
});

function privateKey(type, options, kid) {
  // As a JWK from the start: node 20 can hang when it exports a key object while it frees others.
  const asJwk = { format: 'jwk' };
  const key = generateKeyPairSync(type, { ...options, publicKeyEncoding: asJwk, privateKeyEncoding: asJwk }).privateKey;
  return { ...key, kid, use: type === 'ec' ? 'sig' : 'enc' };
}

const broken = (changes) => ({ clients: [{ ...web, client_id: 'broken', ...changes }] });

for (const [what, config, words] of [
  ['text that is not JSON', `{ "clients": [ "${CANARY}"`, []],
  ['JSON that is no object', [CANARY], []],
  ['an unknown member', { clients: [web], polizy: CANARY }, ['polizy']],
  ['an unknown member of the policy', { policy: { require_par: true }, clients: [web] }, ['policy', 'require_par']],
  ['an unknown preset', { policy: { preset: CANARY }, clients: [web] }, ['preset']],
  ['a policy member of the wrong type', { policy: { require_pushed_authorization_requests: CANARY }, clients: [web] }, ['require_pushed_authorization_requests']],
  ['a lifetime of 0 s', { policy: { request_uri_lifetime: 0 }, clients: [web] }, ['request_uri_lifetime']],
  ['a lifetime of 601 s', { policy: { request_uri_lifetime: 601 }, clients: [web] }, ['request_uri_lifetime']],
  ['a negative lifetime', { policy: { request_uri_lifetime: -1 }, clients: [web] }, ['request_uri_lifetime']],
  ['half a second', { policy: { request_uri_lifetime: 1.5 }, clients: [web] }, ['request_uri_lifetime']],
  ['a lifetime beyond any integer', '{"policy":{"request_uri_lifetime":1e300},"clients":[]}', ['request_uri_lifetime']],
  ['a login of 3601 s', { policy: { login_lifetime: 3601 }, clients: [web] }, ['login_lifetime']],
  ['a member twice', '{"clients":[],"policy":{},"clients":[]}', ['clients']],
  ['a client twice', { clients: [web, { ...web, client_secret: CANARY }] }, ['web', 'client_id']],
  ['a client without client_id', { clients: [{ ...web, client_id: undefined }] }, ['client_id']],
  ['a redirect URI with a fragment', broken({ redirect_uris: [`https://${CANARY}.example/cb#f`] }), ['broken', 'redirect_uris']],
  ['a redirect URI with a script', broken({ redirect_uris: [`javascript:${CANARY}`] }), ['broken', 'redirect_uris']],
  ['an http redirect URI', broken({ redirect_uris: [`http://${CANARY}.example/cb`] }), ['broken', 'redirect_uris']],
  ['a redirect URI with a user', broken({ redirect_uris: [`https://${CANARY}@client.example/cb`] }), ['broken', 'redirect_uris']],
  ['no redirect URI', broken({ redirect_uris: [] }), ['broken', 'redirect_uris']],
  ['an unknown authentication method', broken({ token_endpoint_auth_method: CANARY }), ['broken', 'token_endpoint_auth_method']],
  ['no secret for a method that needs one', broken({ client_secret: undefined }), ['broken', 'client_secret']],
  ['a malformed scope', broken({ scope: `a"${CANARY}"` }), ['broken', 'scope']],
  ['a registration member of the wrong type', broken({ redirect_uris: CANARY }), ['broken', 'redirect_uris']],
  [
    'a key off its curve',
    { clients: [web], keys: { keys: [{ kty: 'EC', crv: 'P-256', use: 'sig', kid: 'bad-key', x: 'A'.repeat(43), y: 'A'.repeat(43), d: CANARY }] } },
    ['bad-key'],
  ],
  ['a second signing key', { keys: { keys: [privateKey('ec', { namedCurve: 'P-256' }, 'one'), privateKey('ec', { namedCurve: 'P-256' }, 'two')] } }, ['two', 'use']],
  ['two keys of one name', { keys: { keys: [privateKey('x25519', {}, 'same'), privateKey('x25519', {}, 'same')] } }, ['same', 'kid']],
  ['a weak key', { keys: { keys: [privateKey('rsa', { modulusLength: 1024 }, 'weak')] } }, ['weak']],
  [
    'a private half of another key',
    { keys: { keys: [{ ...privateKey('x25519', {}, 'mixed'), d: privateKey('x25519', {}, '').d }] } },
    ['mixed', 'd'],
  ],
  ['a public key', { keys: { keys: [{ ...privateKey('x25519', {}, 'public'), d: undefined }] } }, ['public', 'private']],
  [
    'a private half of another signing key',
    { keys: { keys: [{ ...privateKey('ec', { namedCurve: 'P-256' }, 'mixed'), d: privateKey('ec', { namedCurve: 'P-256' }, '').d }] } },
    ['mixed', 'd'],
  ],
  ['a signing key without its private half', { keys: { keys: [{ ...privateKey('ec', { namedCurve: 'P-256' }, 'half'), d: undefined }] } }, ['half', 'd']],
  ['a signing key of another curve', { keys: { keys: [privateKey('ec', { namedCurve: 'P-384' }, 'curve')] } }, ['curve', 'crv']],
  ['a signing key for another algorithm', { keys: { keys: [{ ...privateKey('ec', { namedCurve: 'P-256' }, 'es384'), alg: 'ES384' }] } }, ['es384', 'alg']],
  ['an encryption key for a signing algorithm', { keys: { keys: [{ ...privateKey('x25519', {}, 'wrong'), alg: 'ES256' }] } }, ['wrong', 'alg']],
  ['an encryption key that is not base64url', { keys: { keys: [{ ...privateKey('x25519', {}, 'text'), d: `+${CANARY}` }] } }, ['text']],
  ['a key without use, by its position', { keys: { keys: [privateKey('x25519', {}, 'first'), { ...privateKey('x25519', {}), use: undefined }] } }, ['keys[1]', 'use']],
  ['a nameless bad key, by its position', { keys: { keys: [privateKey('x25519', {}, 'first'), { ...privateKey('x25519', {}), d: 'AAAA' }] } }, ['keys[1]']],
  ['one name for both kinds of keys', { keys: { keys: [privateKey('ec', { namedCurve: 'P-256' }, 'same'), privateKey('x25519', {}, 'same')] } }, ['same', 'kid']],
  ['keys that are no set', { keys: [privateKey('x25519', {}, CANARY)] }, ['keys']],
  ['a key member twice', `{"keys":{"keys":[{"kid":"twice","kty":"OKP","kty":"${CANARY}"}]}}`, ['keys[0]', 'kty']],
  ['private_key_jwt without keys', broken({ client_secret: undefined, token_endpoint_auth_method: 'private_key_jwt' }), ['broken', 'jwks']],
  ['client_secret_jwt with a short secret', broken({ client_secret: CANARY, token_endpoint_auth_method: 'client_secret_jwt' }), ['broken', 'client_secret']],
  [
    'a private key of a client',
    broken({ jwks: { keys: [privateKey('ec', { namedCurve: 'P-256' }, CANARY)] } }),
    ['broken', 'jwks'],
  ],
  ['a jwks_uri of this machine', broken({ jwks_uri: `https://localhost/${CANARY}` }), ['broken', 'jwks_uri']],
  ['an unknown signing algorithm', broken({ request_object_signing_alg: CANARY, require_signed_request_object: true }), ['broken', 'request_object_signing_alg']],
  ['an unknown algorithm of the policy', { policy: { request_object_signing_alg_values_supported: [CANARY] } }, ['policy', 'request_object_signing_alg_values_supported']],
  ['a key of an unusable type', { clients: [web], keys: { keys: [{ kty: 'oct', use: 'sig', kid: 'bad-key', k: CANARY }] } }, ['bad-key']],
]) {
  test(`the configuration is refused for ${what}`, async (t) => {
    const file = await configFile(config);
    t.after(() => file.remove());
    assertFault(await runServer(['--listen', '127.0.0.1:0', '--config', file.path]), words);
  });
}

for (const [what, text, expected] of [
  ['text that is not JSON', '{\n  "clients": [ { "client_id": "web" "x"', '2:37: configuration: is not JSON: '],
  ['a member twice', '{\n "policy": {},\n "policy": {} }', '3:'],
  ['a setting of the wrong type', '{\n  "policy": { "limits": { "body": "canary-value" } } }', '2:35: policy: limits.body: must be a whole number, not a string\n'],
  ['a misspelt setting', '{\n  "policy": { "require_stat": true } }', '2:31: policy: require_stat: is not a setting; the nearest is require_state\n'],
  [
    'a misspelt method',
    '{ "clients": [\n { "client_id": "web", "token_endpoint_auth_method": "private_key_jwk" } ] }',
    '2:54: client "web": token_endpoint_auth_method: must be client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, ' +
      'tls_client_auth, self_signed_tls_client_auth, attest_jwt_client_auth, attest_jwt_client_auth_dpop or none; the nearest is private_key_jwt\n',
  ],
  ['a bad use of a key', '{ "keys": { "keys": [ { "kty": "EC",\n "use": "encc" } ] } }', '2:9: keys[0]: use: must be sig or enc\n'],
]) {
  test(`the place of ${what} is told by line and column`, async (t) => {
    const file = await configFile(text);
    t.after(() => file.remove());
    const outcome = await runServer(['--listen', '127.0.0.1:0', '--config', file.path]);
    assertFault(outcome, []);
    assert.ok(outcome.stderr.startsWith(`${file.path}:${expected}`), outcome.stderr);
  });
}

test('what is weak in a configuration is in the log, and what is not is not', async () => {
  const logOf = async (config) => {
    const server = await startServer(config);
    // What is logged at start is written when the server has stopped.
    await server.stop();
    return server.output.stderr;
  };
  const policy = { preset: 'oauth', danger_allow_plain_code_challenge: true };
  const weak = await logOf({ policy, clients: [{ ...web, client_secret: 'short', rediret_uris: [CANARY] }] });
  for (const line of [
    /^finding: dangerous: policy\.danger_allow_plain_code_challenge: .* \(plain_code_challenge\)$/m,
    /^finding: dangerous: client web, client_secret: .* \(short_secret\)$/m,
    /^finding: note: client web, redirect_uris: .* \(misspelled_member\)$/m,
  ]) {
    assert.match(weak, line);
  }
  assert.ok(!weak.includes(CANARY), weak);
  assert.doesNotMatch(await logOf({ clients: [web] }), /^finding: /m);
});
