import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Browser } from './support/browser.mjs';
import { assertRefusalPage, approved, authorizeUrl, comparable, other, pushed, redeem, web } from './support/oauth.mjs';
import { startServer } from './support/server.mjs';

const PREFIX = 'urn:ietf:params:oauth:request_uri:';

const server = await startServer({ clients: [web, other] });
after(() => server.stop());

test('the sign-in page can be reloaded before the decision', async () => {
  const { url } = await pushed(server, web);
  const browser = new Browser();
  for (let load = 0; load < 3; load += 1) {
    assert.equal((await browser.get(url)).status, 200);
  }
  const answer = await browser.decide(await browser.get(url), 'approve');

  assert.equal(answer.status, 303);
  assert.ok(answer.response.code);
});

test('an older tab of the same browser stays good', async () => {
  const { url } = await pushed(server, web);
  const browser = new Browser();
  const older = await browser.get(url);
  await browser.get(url);
  const answer = await browser.decide(older, 'approve');

  assert.equal(answer.status, 303);
  assert.ok(answer.response.code);
});

test('the sign-in page also answers a form post', async () => {
  const { request_uri } = await pushed(server, web);
  const browser = new Browser();
  const page = await browser.post(`${server.url}/authorize`, { client_id: web.client_id, request_uri });
  assert.equal(page.status, 200, page.html);
  const answer = await browser.decide(page, 'approve');

  assert.equal(answer.status, 303);
  assert.ok(answer.response.code);
});

test('an approved request_uri opens no second time', async () => {
  const { url } = await pushed(server, web);
  const browser = new Browser();
  const page = await browser.get(url);
  await browser.decide(page, 'approve');

  assertRefusalPage(await browser.get(url), 'invalid_request_uri');
  assertRefusalPage(await new Browser().get(url), 'invalid_request_uri');
});

test('a second approval of the same page brings no second code', async () => {
  const { url } = await pushed(server, web);
  const browser = new Browser();
  const page = await browser.get(url);
  const [one, two] = await Promise.all([browser.decide(page, 'approve'), browser.decide(page, 'approve')]);

  assert.deepEqual([one.status, two.status], [303, 303]);
  assert.equal(one.location.href, two.location.href);
  assertRefusalPage(await browser.decide(page, 'deny'), 'invalid_request_uri');
});

test('parameters beside request_uri change nothing', async () => {
  const { request_uri, parameters, verifier } = await pushed(server, web);
  const browser = new Browser();
  const page = await browser.get(
    authorizeUrl(server, {
      client_id: web.client_id,
      request_uri,
      redirect_uri: 'https://evil.example.com/cb',
      scope: 'openid',
      state: 'forged',
      prompt: 'none',
    }),
  );
  const answer = await browser.decide(page, 'approve');

  assert.equal(answer.location.origin + answer.location.pathname, parameters.redirect_uri);
  assert.equal(answer.response.state, parameters.state);
  const token = await redeem(server, web, { code: answer.response.code, verifier, parameters });
  assert.equal(token.json.scope ?? parameters.scope, 'accounts');
  assert.equal(token.json.id_token, undefined);
});

test('another client opens nothing and destroys nothing', async () => {
  const { url, request_uri } = await pushed(server, web);
  const foreign = authorizeUrl(server, { client_id: other.client_id, request_uri });
  assertRefusalPage(await new Browser().get(foreign), 'invalid_request_uri');

  const browser = new Browser();
  assert.equal((await browser.decide(await browser.get(url), 'approve')).status, 303);
});

test('unknown, spent, malformed and foreign handles get the same answer, byte for byte', async () => {
  const spent = await approved(server, web);
  const live = await pushed(server, web);
  const reference = live.request_uri.slice(PREFIX.length);
  const flipped = reference.slice(0, -2) + (reference.at(-2) === 'A' ? 'B' : 'A') + reference.at(-1);
  const open = (request_uri, client_id = web.client_id) =>
    new Browser().get(authorizeUrl(server, { client_id, request_uri }));
  const unknown = await open(`${PREFIX}${'A'.repeat(reference.length)}`);
  assertRefusalPage(unknown, 'invalid_request_uri');

  for (const [what, page] of [
    ['spent', await open(spent.request_uri)],
    ['foreign', await open(live.request_uri, other.client_id)],
    ['one character changed', await open(PREFIX + flipped)],
    ['prefix in upper case', await open(PREFIX.toUpperCase() + reference)],
    ['one character more', await open(`${live.request_uri}X`)],
    ['one character less', await open(live.request_uri.slice(0, -1))],
    ['padding', await open(`${live.request_uri}=`)],
    ['fragment', await open(`${live.request_uri}#`)],
    ['space behind', await open(`${live.request_uri} `)],
    ['space before', await open(` ${live.request_uri}`)],
    ['prefix twice', await open(PREFIX + live.request_uri)],
    ['prefix alone', await open(PREFIX)],
    ['reference alone', await open(reference)],
    ['encoded twice', await open(live.request_uri.replaceAll(':', '%3A'))],
    ['not ASCII', await open(`${PREFIX}${'é'.repeat(21)}a`)],
    ['markup', await open(`${PREFIX}<script>alert(1)</script>`)],
  ]) {
    assert.equal(page.status, 400, what);
    assert.equal(page.html, unknown.html, what);
    assert.deepEqual(comparable(page.headers), comparable(unknown.headers), what);
  }
  assert.equal((await new Browser().get(live.url)).status, 200, 'the live handle survives it all');
});

test('a request_uri on the web is neither fetched nor followed', async () => {
  const request_uri = 'https://client.example.com/request.jwt';
  const page = await new Browser().get(authorizeUrl(server, { client_id: web.client_id, request_uri }));
  assertRefusalPage(page, page.error === 'request_uri_not_supported' ? page.error : 'invalid_request_uri');
});

test('a handle that nobody opened in time is refused like an unknown one', async (t) => {
  const brief = await startServer({ policy: { request_uri_lifetime: 1 }, clients: [web] });
  t.after(() => brief.stop());
  const { url } = await pushed(brief, web);
  await sleep(2000);
  const expired = await new Browser().get(url);
  const unknown = await new Browser().get(
    authorizeUrl(brief, { client_id: web.client_id, request_uri: PREFIX + 'A'.repeat(43) }),
  );

  assertRefusalPage(expired, 'invalid_request_uri');
  assert.equal(expired.html, unknown.html);
});

test('a handle opened in time outlives its lifetime while the person decides', async (t) => {
  // Long enough to be opened in time on a slow machine.
  const brief = await startServer({ policy: { request_uri_lifetime: 3 }, clients: [web] });
  t.after(() => brief.stop());
  const { url } = await pushed(brief, web);
  const browser = new Browser();
  const page = await browser.get(url);
  await sleep(4000);

  assert.equal((await browser.get(url)).status, 200);
  assert.equal((await browser.decide(page, 'approve')).status, 303);
});

test('a login that takes longer than allowed is refused', async (t) => {
  const brief = await startServer({ policy: { login_lifetime: 1 }, clients: [web] });
  t.after(() => brief.stop());
  const { url } = await pushed(brief, web);
  const browser = new Browser();
  const page = await browser.get(url);
  await sleep(2000);

  assertRefusalPage(await browser.decide(page, 'approve'), 'invalid_request_uri');
  assertRefusalPage(await browser.get(url), 'invalid_request_uri');
});
