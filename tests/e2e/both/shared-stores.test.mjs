// Two nodes of one issuer behind one store. One node is the axum example, the other the actix example.

import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignJWT } from 'jose';
import { Browser } from '../support/browser.mjs';
import { selfSigned } from '../support/certificate.mjs';
import { encryptionKeys, signingKey } from '../support/keys.mjs';
import { assertRefusalPage, assertRefused, push, pushed, redeem, requestOf, web } from '../support/oauth.mjs';
import { runServer, startServer } from '../support/server.mjs';
import { PASSWORD, stores } from '../support/stores.mjs';

const ISSUER = 'https://as.example.com';
const key = await signingKey('ES256');
const bank = {
  client_id: 'bank',
  token_endpoint_auth_method: 'private_key_jwt',
  redirect_uris: web.redirect_uris,
  jwks: { keys: [key.jwk] },
  scope: 'openid accounts',
};
const config = { clients: [web, bank], keys: { keys: encryptionKeys() }, secret: 'what all nodes of this issuer share, and nobody else' };
const node = (example, store, options = {}) =>
  startServer(config, ['--issuer', ISSUER, '--store', store], { example, ...options });
const at = (server, url) => server.url + new URL(url).pathname + new URL(url).search;

/** The decision on a page, sent to this node. */
function decide(server, browser, page, decision) {
  const { action, fields } = page.form();
  return browser.post(at(server, action), [...fields, ['decision', decision]], { origin: ISSUER });
}

/** What keeps a store from the next push while it runs, and what an operator reads of it. */
const UNREADY = {
  redis: [
    { spoil: 'CONFIG SET maxmemory 1kb', mend: 'CONFIG SET maxmemory 0', reason: 'full', cause: /OOM/ },
    { spoil: 'CONFIG SET maxmemory-policy allkeys-lru', mend: 'CONFIG SET maxmemory-policy noeviction', reason: 'evicts', cause: /allkeys-lru/ },
    { spoil: 'CONFIG SET min-replicas-to-write 1', mend: 'CONFIG SET min-replicas-to-write 0', reason: 'read_only', cause: /NOREPLICAS/ },
    { spoil: 'ACL SETUSER default -evalsha -eval', mend: 'ACL SETUSER default +@all', reason: 'not_permitted', cause: /NOPERM/ },
  ],
  postgres: [
    {
      spoil: 'ALTER TABLE parjar_requests RENAME TO away', mend: 'ALTER TABLE away RENAME TO parjar_requests',
      reason: 'schema', cause: /SQLSTATE 42P01: relation "parjar_requests" does not exist/,
    },
    {
      spoil: 'ALTER TABLE parjar_requests RENAME COLUMN revision TO past', mend: 'ALTER TABLE parjar_requests RENAME COLUMN past TO revision',
      reason: 'schema', cause: /SQLSTATE 42703/,
    },
    {
      spoil: 'ALTER DATABASE postgres SET default_transaction_read_only = on; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()',
      mend: 'SET default_transaction_read_only = off; ALTER DATABASE postgres RESET default_transaction_read_only',
      reason: 'read_only', cause: /25006/,
    },
  ],
};

for (const [kind, start] of Object.entries(stores)) {
  suite(`two nodes behind ${kind}`, async () => {
    const store = await start();
    const [one, two] = [await node('axum', store.url), await node('actix', store.url)];
    after(async () => {
      await Promise.all([one.stop(), two.stop()]);
      await store.remove();
      for (const { output } of [one, two]) assert.ok(!(output.stdout + output.stderr).includes(PASSWORD));
    });

    for (const { output } of [one, two]) assert.doesNotMatch(output.stderr, /another node differs/);
    for (const example of ['axum', 'actix']) {
      test(`a node with other settings says which they are, and works: ${example}`, async () => {
        const others = { policy: { request_uri_lifetime: 90 }, secret: 'another text than what all nodes of this issuer share' };
        const other = await startServer({ ...config, ...others }, ['--issuer', ISSUER, '--store', store.url], { example });
        const [, groups] = await logged(other, 0, /^another node differs in="([^"]*)"/m);
        assert.deepEqual(groups.split(' ').sort(), ['policy', 'server_secret']);
        assert.equal((await push(other, web, requestOf(web).parameters)).status, 201);
        await other.stop();
      });
    }

    for (const [first, second, what] of [[one, two, 'axum first'], [two, one, 'actix first']]) {
      test(`a request is pushed, opened and decided on different nodes, ${what}`, async () => {
        const request = await pushed(first, web);
        const browser = new Browser();
        const page = await browser.get(at(second, request.url));
        assert.equal(page.status, 200, page.html);
        for (const reloaded of [first, second]) assert.equal((await browser.get(at(reloaded, request.url))).status, 200);

        const answer = await decide(first, browser, page, 'approve');
        assert.equal(answer.status, 303, answer.html);
        const token = await redeem(first, web, { ...request, code: answer.response.code });
        assert.equal(token.status, 200, token.text);

        for (const again of [first, second]) {
          assertRefusalPage(await browser.get(at(again, request.url)), 'invalid_request_uri');
        }
        const again = await decide(first, browser, page, 'approve');
        assert.equal(again.location.href, answer.location.href, 'a second click on the same node');
        const elsewhere = await decide(second, browser, page, 'approve');
        assertRefusalPage(elsewhere, 'invalid_request_uri');
        assert.match(elsewhere.html, /answered already/i);
      });

      test(`the browser that has opened a request on one node is the only one on the other, ${what}`, async () => {
        const { url } = await pushed(first, web);
        const browser = new Browser();
        const page = await browser.get(at(first, url));
        const other = new Browser();
        assertRefusalPage(await other.get(at(second, url)), 'invalid_request_uri');
        assert.equal((await decide(second, other, page, 'approve')).status, 400);
        assert.equal((await decide(second, browser, page, 'deny')).response.error, 'access_denied');
      });

      test(`an assertion that was good on one node is a replay on the other, ${what}`, async () => {
        const assertion = await new SignJWT()
          .setProtectedHeader({ alg: key.alg, kid: key.kid })
          .setIssuer(bank.client_id)
          .setSubject(bank.client_id)
          .setAudience(ISSUER)
          .setIssuedAt()
          .setExpirationTime('1m')
          .setJti(crypto.randomUUID())
          .sign(key.privateKey);
        const form = new URLSearchParams({
          ...requestOf(bank).parameters,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: assertion,
        });
        const send = (server) => fetch(`${server.url}/authorize/par`, { method: 'POST', body: form });
        assert.equal((await send(first)).status, 201);
        const replay = await send(second);
        assert.equal(replay.status, 401);
        assert.equal((await replay.json()).error, 'invalid_client');
      });
    }

    test('of 20 decisions at one moment on two nodes, there is exactly one code', async () => {
      for (let round = 0; round < 5; round += 1) {
        const { url } = await pushed(one, web);
        const browser = new Browser();
        const page = await browser.get(at(two, url));
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, index) => decide(index % 2 === 0 ? one : two, browser, page, 'approve')),
        );
        const granted = answers.filter(({ response }) => response.code !== undefined);
        // On the node that has answered, the same browser gets the same answer again.
        assert.equal(new Set(granted.map(({ response }) => response.code)).size, 1);
        for (const answer of answers.filter((other) => !granted.includes(other))) assertRefusalPage(answer, 'invalid_request_uri');
      }
    });

    test('while the store is down all answers say so, and when it is back all is well', async () => {
      const { url } = await pushed(one, web);
      const browser = new Browser();
      const page = await browser.get(at(one, url));
      await store.stop();
      for (const server of [one, two]) {
        const reply = await push(server, web, requestOf(web).parameters);
        assertRefused(reply, 503, 'temporarily_unavailable');
        assert.match(reply.headers.get('retry-after'), /^[1-9]\d*$/);
        for (const refusal of [await browser.get(at(server, url)), await decide(server, browser, page, 'approve')]) {
          assert.equal(refusal.status, 503, refusal.html);
          assert.equal(refusal.error, 'temporarily_unavailable');
          assert.equal(refusal.location, undefined);
          assert.match(refusal.headers.get('retry-after'), /^[1-9]\d*$/);
          assert.match(refusal.headers.get('cache-control'), /\bno-store\b/);
        }
        assert.equal((await fetch(`${server.url}/health`)).status, 200);
        await assertNotReady(server, 'unavailable', /cannot be asked: /);
      }

      await store.restart();
      for (const server of [one, two]) await readyAgain(server);
      for (const server of [one, two]) await worksAgain(server);
      const answer = await decide(two, browser, page, 'approve');
      if (kind === 'postgres') assert.ok(answer.response.code, 'what PostgreSQL has taken down survives');
      else assertRefusalPage(answer, 'invalid_request_uri');
      const request = await pushed(one, web);
      const another = new Browser();
      const approved = await decide(one, another, await another.get(at(two, request.url)), 'approve');
      assert.ok(approved.response.code, approved.html);
    });

    test('a node that could not take the next push is not ready, says why in its log, and is ready again', async () => {
      for (const server of [one, two]) {
        for (const method of ['GET', 'HEAD']) {
          const response = await fetch(`${server.url}/ready`, { method });
          assert.equal(response.status, 200);
          assert.match(response.headers.get('cache-control'), /\bno-store\b/);
        }
      }
      for (const { spoil, mend, reason, cause } of UNREADY[kind]) {
        await store.tell(spoil);
        for (const server of [one, two]) await assertNotReady(server, reason, cause);
        await store.tell(mend);
        for (const server of [one, two]) await readyAgain(server);
      }
      for (const server of [one, two]) await worksAgain(server);
    });

    test('a wrong password is a fault of --store', async () => {
      for (const example of ['axum', 'actix']) {
        const wrong = store.url.replace(PASSWORD, `wrong-${PASSWORD}`);
        assertStoreFault(await runServer(['--listen', '127.0.0.1:0', '--store', wrong], { example }), /password/i);
      }
    });
  });

  test(`${kind} over TLS is whom its certificate says, or nobody`, async (t) => {
    const certificate = await selfSigned();
    t.after(() => certificate.remove());
    const store = await start({ certificate });
    t.after(() => store.remove());
    const url = kind === 'postgres' ? `${store.url}?sslmode=require` : store.url;

    const trusting = { env: { SSL_CERT_FILE: certificate.cert } };
    const server = await node('actix', url, trusting);
    t.after(() => server.stop());
    await pushed(server, web);

    const refused = (wrong, options) => runServer(['--listen', '127.0.0.1:0', '--store', wrong], { example: 'axum', ...options });
    assertStoreFault(await refused(url), /certificate/);
    assertStoreFault(await refused(url.replace('localhost', '127.0.0.1'), trusting), /certificate/);
  });
}

function assertStoreFault({ code, stdout, stderr }, words) {
  assert.equal(code, 2, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /^--store: [^\n]+\n$/);
  assert.match(stderr, words);
  assert.ok(!stderr.includes(PASSWORD), stderr);
}

async function worksAgain(server) {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const { status, text } = await push(server, web, requestOf(web).parameters);
    if (status === 201) return;
    assert.ok(status === 503 && Date.now() < deadline, `${status} ${text}`);
    await sleep(100);
  }
}

/** `/ready` says no, and no more than that; the log says why. */
async function assertNotReady(server, reason, cause) {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const before = server.output.stderr.length;
    const response = await fetch(`${server.url}/ready`);
    assert.equal(response.status, 503);
    assert.equal(await response.text(), 'not ready\n');
    const line = await logged(server, before, /^not ready reason=(\w+) cause="(.*)"$/m);
    // The first question may meet connections that the spoiling has cut.
    if (line[1] === reason && cause.test(line[2])) return;
    assert.ok(Date.now() < deadline, line[0]);
    await sleep(100);
  }
}

async function logged(server, from, pattern) {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const line = pattern.exec(server.output.stderr.slice(from));
    if (line) return line;
    assert.ok(Date.now() < deadline, server.output.stderr.slice(from));
    await sleep(20);
  }
}

async function readyAgain(server) {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const { status } = await fetch(`${server.url}/ready`);
    if (status === 200) return;
    assert.ok(status === 503 && Date.now() < deadline, `${status}`);
    await sleep(100);
  }
}
