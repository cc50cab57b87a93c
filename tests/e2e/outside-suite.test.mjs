// What conformance suites and attackers of browsers look for, beyond the authorization endpoint.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as openTls } from 'node:tls';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Browser } from './support/browser.mjs';
import { approved, assertRefused, pushed, push, redeem, requestOf, resource, web } from './support/oauth.mjs';
import { configFile, runServer, startServer } from './support/server.mjs';
import { certificate } from './support/tls.mjs';

const client = { ...web, authorization_details_types: ['payment'], response_types: ['code', 'code id_token'], grant_types: ['authorization_code', 'implicit'] };
const config = { policy: { response_types_supported: ['code', 'code id_token'] }, clients: [client] };
const server = await startServer(config);
after(() => server.stop());

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('an interaction id is echoed, and one is made where there is none', async () => {
  const flow = await approved(server, client);
  const { json } = await redeem(server, client, flow);
  const made = [await resource(server, json.access_token), await resource(server, json.access_token), await resource(server, 'bad')];
  const ids = made.map(({ headers }) => headers.get('x-fapi-interaction-id'));
  for (const id of ids) assert.match(id, UUID);
  assert.equal(new Set(ids).size, 3);
  const id = 'c770aef3-6784-41f7-8e0e-ff5f97bddb3a';
  for (const token of [json.access_token, 'bad']) {
    const headers = { authorization: `Bearer ${token}`, 'x-fapi-interaction-id': id };
    const response = await fetch(`${server.url}/resource`, { headers });
    assert.equal(response.headers.get('x-fapi-interaction-id'), id);
  }
});

test('granted authorization_details are in the token response', async () => {
  const details = [{ type: 'payment', amount: 12.5, to: { name: 'Bob' } }];
  const flow = await approved(server, client, { authorization_details: JSON.stringify(details) });
  const { json } = await redeem(server, client, flow);
  assert.deepEqual(json.authorization_details, details);
  const without = await redeem(server, client, await approved(server, client));
  assert.equal(without.json.authorization_details, undefined);
});

test('an id_token without openid is an invalid request', async () => {
  const changes = { response_type: 'code id_token', nonce: 'n', scope: 'accounts' };
  assertRefused(await push(server, client, requestOf(client, changes).parameters), 400, 'invalid_request');
});

test('a decision from an origin that is not the issuer is refused, even when Host agrees with it', async () => {
  const { url } = await pushed(server, client);
  const browser = new Browser();
  const page = await browser.get(url);
  const { fields } = page.form();
  const port = new URL(server.url).port;
  for (const origin of [`http://rebound.example:${port}`, `https://127.0.0.1:${port}`, `http://localhost:${port}`, 'null']) {
    for (const site of [{}, { 'sec-fetch-site': 'same-origin' }]) {
      const headers = { origin, ...site };
      const answer = await browser.post(`${server.url}/authorize`, [...fields, ['decision', 'approve']], headers);
      assert.equal(answer.status, 400, origin);
      assert.equal(answer.location, undefined);
    }
  }
  assert.equal((await browser.decide(page, 'approve')).status, 303);
});

for (const [preset, suites] of Object.entries({
  oauth: { 'ECDHE-RSA-AES128-GCM-SHA256': true, 'ECDHE-RSA-AES256-GCM-SHA384': true, 'ECDHE-RSA-CHACHA20-POLY1305': true },
  fapi1_advanced: { 'ECDHE-RSA-AES128-GCM-SHA256': true, 'ECDHE-RSA-AES256-GCM-SHA384': true, 'ECDHE-RSA-CHACHA20-POLY1305': false },
})) {
  test(`the cipher suites of TLS 1.2 with ${preset}`, async (t) => {
    const own = certificate(`rsa-${preset}`, { algorithm: ['-newkey', 'rsa:2048', '-noenc'], extensions: ['subjectAltName=IP:127.0.0.1'] });
    const secured = await startServer({ policy: { preset } }, ['--tls-cert', own.certFile, '--tls-key', own.keyFile]);
    t.after(() => secured.stop());
    const { hostname, port } = new URL(secured.url);
    const handshake = (options) =>
      new Promise((resolve) => {
        const socket = openTls({ host: hostname, port, ca: own.cert, ...options }, () => {
          resolve(true);
          socket.destroy();
        });
        socket.on('error', () => resolve(false));
      });
    for (const [ciphers, expected] of Object.entries(suites)) {
      assert.equal(await handshake({ maxVersion: 'TLSv1.2', ciphers }), expected, ciphers);
    }
    assert.equal(await handshake({ minVersion: 'TLSv1.3' }), true);
  });
}

test('a log that nobody reads holds nothing up', async () => {
  const file = await configFile({ clients: [web] });
  const program = process.env.PARJAR_EXAMPLE;
  const child = spawn(program, ['--listen', '127.0.0.1:0', '--config', file.path], { stdio: ['ignore', 'pipe', 'pipe'] });
  const url = await new Promise((resolve) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      const line = /^listening on (\S+)/m.exec(text);
      if (line) resolve(line[1]);
    });
  });
  // Standard error is a pipe that is full after some hundred lines.
  child.stderr.pause();
  for (let round = 0; round < 40; round += 1) {
    const replies = Array.from({ length: 100 }, () => push({ url }, { ...web, client_secret: 'wrong' }, {}));
    for (const reply of await Promise.all(replies)) assert.equal(reply.status, 401);
  }
  for (let round = 0; round < 20; round += 1) {
    const replies = Array.from({ length: 100 }, () => push({ url }, { ...web, client_secret: 'wrong' }, {}));
    await Promise.all(replies);
  }
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (chunk) => (log += chunk));
  child.stderr.resume();
  await sleep(500);
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  const [code] = await closed;
  await file.remove();
  assert.equal(code, 0);
  for (const line of log.split('\n').slice(0, -1)) {
    assert.match(line, /^(refused client=|the playground is|log lines left out: \d+$)/);
  }
});

for (const secret of ['short', 'x'.repeat(31), '', 7, null, ['x'.repeat(32)]]) {
  test(`a secret such as ${JSON.stringify(secret)} is refused without being shown`, async () => {
    const file = await configFile({ secret });
    const { code, stderr } = await runServer(['--listen', '127.0.0.1:0', '--config', file.path]);
    await file.remove();
    assert.equal(code, 2);
    assert.match(stderr, /secret: must be a string of at least 32 characters/);
    assert.equal(stderr.trimEnd().split('\n').length, 1);
  });
}
