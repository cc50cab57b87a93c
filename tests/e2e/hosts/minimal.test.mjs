// openid-client against the examples that a reader opens first.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import * as oidc from 'openid-client';
import { Browser } from '../support/browser.mjs';
import { startServer } from '../support/server.mjs';

const USER = [['user', 'alice'], ['password', 'wonderland']];

/** Starts an example on a free port, and stops it after the tests. */
async function start(example) {
  const server = await startServer(undefined, [], { example, env: { PORT: '0' } });
  after(() => server.stop('SIGINT'));
  const insecure = { algorithm: 'oauth2', execute: [oidc.allowInsecureRequests] };
  const authentication = oidc.ClientSecretBasic('s3cret');
  const config = await oidc.discovery(new URL(server.url), 'web', {}, authentication, insecure);
  return { server, config };
}

/** Pushes, and returns the URL for the browser and what the code exchange will check. */
async function push(config) {
  const checks = { pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedState: oidc.randomState() };
  const url = await oidc.buildAuthorizationUrlWithPAR(config, {
    redirect_uri: 'http://127.0.0.1:8080/cb',
    state: checks.expectedState,
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  assert.match(url.searchParams.get('request_uri'), /^urn:ietf:params:oauth:request_uri:/);
  return { url, checks };
}

/** What the library refuses reaches the client, whatever the framework is. */
async function refuses({ url }) {
  const push = (options) => fetch(`${url}/authorize/par`, options);
  const wrongMethod = await push({ method: 'GET' });
  assert.deepEqual([wrongMethod.status, wrongMethod.headers.get('allow')], [405, 'POST']);
  const wrongSecret = await push({ method: 'POST', body: new URLSearchParams({ client_id: 'web', client_secret: 'guessed' }) });
  assert.deepEqual([wrongSecret.status, (await wrongSecret.json()).error], [401, 'invalid_client']);
  assert.match(wrongSecret.headers.get('cache-control'), /no-store/);
}

for (const example of ['minimal', 'minimal_actix']) {
  test(`${example}: a client pushes, its user signs in, and it trades the code once`, async () => {
    const { server, config } = await start(example);
    const { url, checks } = await push(config);
    const browser = new Browser();
    const page = await browser.get(url);
    assert.equal(page.headers.get('content-security-policy'), "frame-ancestors 'none'");
    const again = await browser.decide(page, 'allow', (fields) => [...fields, ['user', 'alice'], ['password', 'guessed']]);
    assert.equal(again.status, 200);
    const { location } = await browser.decide(again, 'allow', (fields) => [...fields, ...USER]);
    const tokens = await oidc.authorizationCodeGrant(config, location, checks);
    assert.ok(tokens.access_token);
    await assert.rejects(oidc.authorizationCodeGrant(config, location, checks), { error: 'invalid_grant' });
    await refuses(server);
  });

  test(`${example}: a user says no, another browser gets nowhere, and a code needs its verifier`, async () => {
    const { config } = await start(example);
    const denied = await push(config);
    const browser = new Browser();
    const { response } = await browser.decide(await browser.get(denied.url), 'deny');
    assert.equal(response.error, 'access_denied');

    const { url, checks } = await push(config);
    const page = await browser.get(url);
    assert.equal((await new Browser().decide(page, 'allow', (fields) => [...fields, ...USER])).status, 400);
    const { location } = await browser.decide(page, 'allow', (fields) => [...fields, ...USER]);
    const wrong = { ...checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() };
    await assert.rejects(oidc.authorizationCodeGrant(config, location, wrong), { error: 'invalid_grant' });
    const plain = oidc.buildAuthorizationUrlWithPAR(config, { redirect_uri: 'http://127.0.0.1:8080/cb' });
    await assert.rejects(plain, { error: 'invalid_request' });
  });
}

test('hyper: a client pushes', async () => {
  const { server, config } = await start('hyper');
  await push(config);
  await refuses(server);
  assert.equal((await fetch(`${server.url}/authorize`)).status, 404);
});

test('minimal: the commands of the README work', async () => {
  const { server } = await start('minimal');
  const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
  const commands = [...readme.matchAll(/^curl (?:.*\\\n)*.*$/gm)].map(([command]) => command);
  assert.equal(commands.length, 2, 'a push, and a code that is traded');
  const run = async (command) => {
    const { stdout } = await promisify(execFile)('sh', ['-c', command.replaceAll('http://127.0.0.1:3000', server.url)]);
    return JSON.parse(stdout);
  };
  const [push, trade] = commands;
  const { request_uri: requestUri } = await run(push);
  const browser = new Browser();
  const page = await browser.get(`${server.url}/authorize?client_id=web&request_uri=${requestUri}`);
  const { response } = await browser.decide(page, 'allow', (fields) => [...fields, ...USER]);
  const tokens = await run(trade.replace(/code=\.\.\.$/, `code=${response.code}`));
  assert.ok(tokens.access_token, JSON.stringify(tokens));
});
