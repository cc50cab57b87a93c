import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { Browser, parseSetCookie } from './support/browser.mjs';
import { assertRefusalPage, pushed, redeem, web } from './support/oauth.mjs';
import { startServer } from './support/server.mjs';

const server = await startServer({ clients: [web] });
after(() => server.stop());

/** Signs in by approving a request; what the ID token says. */
async function signIn(browser, changes = {}) {
  const request = await pushed(server, web, { scope: 'openid', ...changes });
  const answer = await browser.decide(await browser.get(request.url), 'approve');
  assert.equal(answer.status, 303, answer.html);
  return claims(request, answer);
}

async function claims(request, answer) {
  assert.ok(answer.response.code, answer.location?.href ?? answer.html);
  const { json } = await redeem(server, web, { ...request, code: answer.response.code });
  return decodeJwt(json.id_token);
}

async function open(browser, changes) {
  const request = await pushed(server, web, { scope: 'openid', ...changes });
  return { request, answer: await browser.get(request.url) };
}

test('prompt=none without a session is login_required, and the handle is spent', async () => {
  const browser = new Browser();
  const { request, answer } = await open(browser, { prompt: 'none' });
  assert.equal(answer.response.error, 'login_required');
  assertRefusalPage(await browser.get(request.url), 'invalid_request_uri');
});

test('prompt=none with a session gets the code at once, with the time of the login', async () => {
  const browser = new Browser();
  const first = await signIn(browser);
  await sleep(1100);
  const { request, answer } = await open(browser, { prompt: 'none' });
  assert.equal(answer.status, 303, answer.html);
  assert.equal((await claims(request, answer)).auth_time, first.auth_time);
});

test('denying signs nobody in', async () => {
  const browser = new Browser();
  const { answer } = await open(browser, {});
  await browser.decide(answer, 'deny');
  assert.equal((await open(browser, { prompt: 'none' })).answer.response.error, 'login_required');
});

test('a session that is new enough stays what it is, and prompt=login and max_age begin a new one', async () => {
  const browser = new Browser();
  const first = await signIn(browser);
  await sleep(2100);
  assert.equal((await signIn(browser, { max_age: '1000' })).auth_time, first.auth_time);
  assert.equal((await signIn(browser)).auth_time, first.auth_time);
  const again = await signIn(browser, { prompt: 'login' });
  assert.ok(again.auth_time > first.auth_time);
  await sleep(2100);
  const aged = await signIn(browser, { max_age: '1' });
  assert.ok(aged.auth_time > again.auth_time);
  assert.ok((await signIn(browser, { max_age: '0' })).auth_time >= aged.auth_time);
});

test('prompt=none with a session that is too old for max_age is login_required', async () => {
  const browser = new Browser();
  await signIn(browser);
  await sleep(2100);
  assert.equal((await open(browser, { prompt: 'none', max_age: '1' })).answer.response.error, 'login_required');
  assert.ok((await open(browser, { prompt: 'none', max_age: '1000' })).answer.response.code);
});

test('a session that was made up or changed is none', async () => {
  const browser = new Browser();
  const request = await pushed(server, web);
  const answer = await browser.decide(await browser.get(request.url), 'approve');
  const cookie = answer.headers.getSetCookie().map(parseSetCookie).find(({ name }) => name.includes('session'));
  assert.ok(cookie.attributes.has('httponly') && cookie.attributes.get('samesite') === 'Lax');
  const [subject, time, mac] = cookie.value.split('.');
  for (const value of [`${subject}.${Number(time) + 1}.${mac}`, `bob.${time}.${mac}`, `${subject}.${time}.`, subject, '']) {
    const { url } = await pushed(server, web, { prompt: 'none' });
    const response = await fetch(url, { redirect: 'manual', headers: { cookie: `${cookie.name}=${value}` } });
    assert.equal(new URL(response.headers.get('location')).searchParams.get('error'), 'login_required', value);
  }
});

test('nodes with one secret know each other\'s sessions and browsers, and others do not', async (t) => {
  const issuer = ['--issuer', 'http://127.0.0.1:1'];
  const secret = 'a secret of thirty-two characters, or more';
  const nodes = await Promise.all(
    [secret, secret, `${secret}!`].map((each) => startServer({ clients: [web], secret: each }, issuer)),
  );
  t.after(() => Promise.all(nodes.map((node) => node.stop())));
  const browser = new Browser();
  const page = await browser.get((await pushed(nodes[0], web)).url);
  const { fields } = page.form();
  const decided = await browser.post(`${nodes[0].url}/authorize`, [...fields, ['decision', 'approve']], {
    origin: 'http://127.0.0.1:1',
  });
  assert.equal(decided.status, 303, decided.html);
  const outcome = async (node) => (await browser.get((await pushed(node, web, { prompt: 'none' })).url)).response;
  assert.ok((await outcome(nodes[1])).code);
  assert.equal((await outcome(nodes[2])).error, 'login_required');
});
