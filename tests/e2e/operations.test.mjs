// What an operator sees of a running server.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { approved, push, requestOf, web } from './support/oauth.mjs';
import { runServer, startServer } from './support/server.mjs';
import { PASSWORD, stores } from './support/stores.mjs';

const PATIENCE_MS = 30_000;

/** Asks until the answer is true, and fails when it never is. */
async function eventually(what, ask) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await ask())) {
    assert.ok(Date.now() < deadline, `never ${what}`);
    await sleep(50);
  }
}

/** An address of this machine that nothing listens on. */
async function freeAddress() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${port}`;
}

test('--metrics counts every outcome, at an address of its own, by labels that no client can choose', async () => {
  const metrics = await freeAddress();
  const server = await startServer({ clients: [web] }, ['--metrics', metrics]);
  await approved(server, web);
  await push(server, { ...web, client_id: 'canary' }, requestOf(web).parameters);
  await push(server, { ...web, client_secret: 'canary' }, requestOf(web).parameters);

  const response = await fetch(`http://${metrics}/metrics`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^text\/plain/);
  const text = await response.text();
  const lines = text.split('\n');
  // The page, and the decision, each open the request.
  for (const [event, count] of [['pushed', 1], ['opened', 2], ['completed', 1], ['refused', 2]]) {
    assert.ok(lines.includes(`parjar_events_total{event="${event}"} ${count}`), text);
  }
  const refused = (reason) => `parjar_refusals_total{stage="push",reason="${reason}",level="info"} 1`;
  for (const reason of ['unknown_client', 'wrong_secret']) assert.ok(lines.includes(refused(reason)), text);
  assert.doesNotMatch(text, /canary/);
  assert.equal((await fetch(`${server.url}/metrics`)).status, 404);
  await server.stop();
});

const causes = {
  redis: /^refused client="web" stage=push reason=store_unavailable cause="Redis /m,
  postgres: /^refused client="web" stage=push reason=store_unavailable cause="error connecting to server: /m,
};

for (const [name, start] of Object.entries(stores)) {
  test(`an outage of ${name} has its cause in the log and is counted, and so is its end`, async (t) => {
    const store = await start();
    t.after(() => store.remove());
    const address = await freeAddress();
    const server = await startServer({ clients: [web] }, ['--store', store.url, '--metrics', address]);
    const pushed = async () => (await push(server, web, requestOf(web).parameters)).status;
    const metrics = async () => (await fetch(`http://${address}/metrics`)).text();
    const refusals = /^parjar_refusals_total\{stage="push",reason="store_unavailable",level="error"\} [1-9]/m;
    const outages = /^parjar_store_outage_seconds_count\{stage="push"\} 1$/m;
    const steps = /^parjar_step_seconds_count\{stage="push",step="store"\} [1-9]/m;
    assert.equal(await pushed(), 201);
    assert.match(await metrics(), steps);
    assert.doesNotMatch(await metrics(), refusals);

    await store.stop();
    assert.equal(await pushed(), 503);
    assert.match(await metrics(), refusals);
    await eventually('in the log', async () => (await pushed()) === 503 && causes[name].test(server.output.stderr));
    assert.doesNotMatch(server.output.stderr, /^store back/m);

    await store.restart();
    await eventually('back', async () => (await pushed()) === 201);
    assert.match(await metrics(), outages);
    await eventually('in the log', () => /^store back stage=push away_seconds=\d/m.test(server.output.stderr));
    assert.equal(await pushed(), 201);
    assert.match(await metrics(), outages);
    assert.ok(!server.output.stderr.includes(PASSWORD) && !(await metrics()).includes(PASSWORD));
    await server.stop();
  });
}

test('an address for --metrics that is taken or none is named', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  for (const address of [`127.0.0.1:${taken.address().port}`, 'everywhere']) {
    const { code, stderr } = await runServer(['--listen', '127.0.0.1:0', '--metrics', address]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^--metrics: /m);
  }
  taken.close();
});
