// openid-client against the three small servers in examples/servers.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import * as oidc from 'openid-client';
import { Browser } from '../support/browser.mjs';
import { signingKey } from '../support/keys.mjs';
import { redirectUri } from '../support/oauth.mjs';
import { configFile, logged, startServer } from '../support/server.mjs';
import { stores } from '../support/stores.mjs';

const USER = [['user', 'alice'], ['password', 'wonderland']];
const shop = { client_id: 'shop', client_secret: 'TheSecretOfTheShop', redirect_uris: [redirectUri], scope: 'accounts' };

const key = await signingKey('ES256');
const bank = {
  client_id: 'bank',
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: [key.jwk] },
  redirect_uris: [redirectUri],
  scope: 'accounts',
};

/** Starts a server on a free port, and stops it after the tests. */
async function start(example, env) {
  const server = await startServer(undefined, [], { example, env: { PORT: '0', ...env } });
  after(() => server.stop());
  return server;
}

async function clientsFile(clients) {
  const file = await configFile(clients);
  after(() => file.remove());
  return file.path;
}

function connect(server, client, authentication) {
  const insecure = { algorithm: 'oauth2', execute: [oidc.allowInsecureRequests] };
  return oidc.discovery(new URL(server.url), client.client_id, {}, authentication, insecure);
}

/** Push, login, decision and code exchange; `use` has the DPoP handle, if there is one. */
async function loginOf(config, use = {}) {
  const checks = { pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedState: oidc.randomState() };
  const parameters = {
    redirect_uri: redirectUri,
    scope: 'accounts',
    state: checks.expectedState,
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
  };
  const browser = new Browser();
  const page = await browser.get(await oidc.buildAuthorizationUrlWithPAR(config, parameters, use));
  assert.equal(page.status, 200, page.html);
  return { browser, page, checks };
}

async function loggedIn(config, use = {}) {
  const { browser, page, checks } = await loginOf(config, use);
  const wrong = await browser.decide(page, 'approve', (fields) => [...fields, ['user', 'alice'], ['password', 'guessed']]);
  assert.match(wrong.html, /Wrong user or password/);
  const { location } = await browser.decide(wrong, 'approve', (fields) => [...fields, ...USER]);
  const tokens = await oidc.authorizationCodeGrant(config, location, checks, undefined, use);
  assert.equal(tokens.scope, 'accounts');
  await assert.rejects(oidc.authorizationCodeGrant(config, location, checks, undefined, use), { error: 'invalid_grant' });
}

async function denied(config, use = {}) {
  const { browser, page } = await loginOf(config, use);
  const { response } = await browser.decide(page, 'deny');
  assert.equal(response.error, 'access_denied');
  // Another browser, which has the form and not the cookie.
  const { page: other } = await loginOf(config, use);
  assert.equal((await new Browser().decide(other, 'approve', (fields) => [...fields, ...USER])).status, 400);
}

async function statusOf(server, path) {
  const response = await fetch(server.url + path);
  return { status: response.status, text: await response.text() };
}

test('hyper: a client logs a user in', async () => {
  const broken = { client_id: 'broken', redirect_uris: [] };
  const server = await start('hyper-memory', { CLIENTS: await clientsFile([broken, shop]) });
  await logged(server, /client_id="broken"/);
  const config = await connect(server, shop, oidc.ClientSecretBasic(shop.client_secret));
  await loggedIn(config);
  await denied(config);
  assert.equal((await statusOf(server, '/health')).status, 200);
  assert.equal((await statusOf(server, '/ready')).status, 200);
  assert.match((await statusOf(server, '/metrics')).text, /parjar_events_total\{event="pushed"\} 3/);
});

test('axum over PostgreSQL: a row that is changed counts at once, and an outage is told and survived', async () => {
  const postgres = await stores.postgres();
  after(() => postgres.remove());
  const server = await start('axum-postgres', { DATABASE_URL: postgres.url, MIGRATE: '1' });
  await postgres.tell(`INSERT INTO clients VALUES ('shop', '${JSON.stringify(shop)}')`);
  const config = await connect(server, shop, oidc.ClientSecretBasic(shop.client_secret));
  await loggedIn(config);
  await denied(config);

  const renewed = { ...shop, client_secret: 'AnotherSecretOfTheShop' };
  await postgres.tell(`UPDATE clients SET registration = '${JSON.stringify(renewed)}'`);
  const current = await connect(server, shop, oidc.ClientSecretBasic(renewed.client_secret));
  await until(() => loggedIn(current).then(() => true, () => false));
  await assert.rejects(loginOf(config), { status: 401 });

  const { browser, page } = await loginOf(current);
  await postgres.stop();
  assert.equal((await statusOf(server, '/ready')).status, 503);
  await assert.rejects(loginOf(current), (error) => error.cause.status === 503);
  const answer = () => browser.decide(page, 'approve', (fields) => [...fields, ...USER]);
  assert.equal((await answer()).status, 503);
  await postgres.restart();
  await until(async () => (await statusOf(server, '/ready')).status === 200);
  assert.ok((await answer()).response.code);
  await loggedIn(current);
  await logged(server, /ERROR parjar: refused stage="push" reason="store_unavailable".* cause=/);
  await logged(server, /WARN parjar: store back/);
});

test('actix over Redis: a client of FAPI 2.0 logs a user in, with DPoP and nonces', async () => {
  const redis = await stores.redis();
  after(() => redis.remove());
  const env = { CLIENTS: await clientsFile([bank]), REDIS_URL: redis.url, SERVER_SECRET: 'canary-4e1f6a0b9c7d2e8835a1b2c3d4e5' };
  const server = await start('actix-redis', env);
  const config = await connect(server, bank, oidc.PrivateKeyJwt({ key: key.privateKey, kid: key.kid }));
  const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'));
  await loggedIn(config, { DPoP });
  await denied(config, { DPoP });
  assert.equal((await statusOf(server, '/ready')).status, 200);
  assert.doesNotMatch(server.output.stderr + server.output.stdout, /canary/);

  await redis.stop();
  const { status } = await statusOf(server, '/ready');
  assert.equal(status, 503);
  await redis.restart();
  await until(async () => (await statusOf(server, '/ready')).status === 200);
  await loggedIn(config, { DPoP });
});

async function until(isTrue) {
  const deadline = Date.now() + 30_000;
  while (!(await isTrue())) {
    assert.ok(Date.now() < deadline, 'never');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
