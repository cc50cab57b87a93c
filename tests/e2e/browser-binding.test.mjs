import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Browser, parseSetCookie } from './support/browser.mjs';
import { assertRefusalPage, authorizeUrl, comparable, pushed, requestOf, web } from './support/oauth.mjs';
import { startServer } from './support/server.mjs';

const server = await startServer({ clients: [web] });
after(() => server.stop());

const CARRIED = ['client_id', 'request_uri', 'decision'];

/** Alters every hidden field that is not part of the request itself, which leaves the CSRF value. */
const changeCsrf = (change) => (fields) => {
  const csrf = fields.filter(([name]) => !CARRIED.includes(name));
  assert.ok(csrf.length > 0, 'the form has a CSRF value');
  return [...fields.filter(([name]) => CARRIED.includes(name)), ...csrf.flatMap(change)];
};

test('another browser can neither open nor decide what one browser has opened', async () => {
  const { url } = await pushed(server, web);
  const first = new Browser();
  const page = await first.get(url);

  const second = new Browser();
  assertRefusalPage(await second.get(url), 'invalid_request_uri');
  assert.equal((await second.decide(page, 'approve')).status, 400);
  assert.equal((await second.decide(page, 'deny')).status, 400);
  assert.equal((await first.decide(page, 'approve')).status, 303, 'the first browser still can');
});

test('another browser with a page and a CSRF value of its own decides nothing either', async () => {
  const [victims, own] = [await pushed(server, web), await pushed(server, web)];
  const victim = new Browser();
  const victimPage = await victim.get(victims.url);
  const attacker = new Browser();
  const page = await attacker.get(own.url);

  const forged = await attacker.decide(page, 'approve', (fields) =>
    fields.map(([name, value]) => [name, value === own.request_uri ? victims.request_uri : value]),
  );
  assert.equal(forged.status, 400);
  assert.equal(forged.location, undefined);
  assert.equal((await victim.decide(victimPage, 'approve')).status, 303);
});

test('a browser that sees a handle claimed by another learns nothing from the answer', async () => {
  const { url } = await pushed(server, web);
  await new Browser().get(url);
  const claimed = await new Browser().get(url);
  const unknown = await new Browser().get(
    authorizeUrl(server, { client_id: web.client_id, request_uri: `urn:ietf:params:oauth:request_uri:${'A'.repeat(43)}` }),
  );

  assert.equal(claimed.html, unknown.html);
  assert.deepEqual(comparable(claimed.headers), comparable(unknown.headers));
});

test('HEAD does not claim a handle for the program that sent it', async () => {
  const { url } = await pushed(server, web);
  const preview = new Browser();
  const answer = await preview.head(url);
  assert.ok(answer.status < 500);

  const person = new Browser();
  assert.equal((await person.decide(await person.get(url), 'approve')).status, 303);
});

test('HEAD does not spend a handle with prompt=none', async () => {
  const { url } = await pushed(server, web, { prompt: 'none' });
  await new Browser().head(url);
  assert.equal((await new Browser().get(url)).response.error, 'login_required');
});

for (const [what, change] of [
  ['without the CSRF value', () => []],
  ['with an empty CSRF value', ([name]) => [[name, '']]],
  ['with an invented CSRF value', ([name]) => [[name, 'A'.repeat(43)]]],
  ['with one character of the CSRF value changed', ([name, value]) => [[name, (value[0] === 'A' ? 'B' : 'A') + value.slice(1)]]],
  ['with the CSRF value cut short', ([name, value]) => [[name, value.slice(0, -1)]]],
]) {
  test(`a decision ${what} is refused and spends nothing`, async () => {
    const { url } = await pushed(server, web);
    const browser = new Browser();
    const page = await browser.get(url);
    for (const decision of ['approve', 'deny']) {
      const forged = await browser.decide(page, decision, changeCsrf(change));
      assert.equal(forged.status, 400, forged.html);
      assert.ok(forged.error, forged.html);
      assert.equal(forged.location, undefined);
    }
    assert.equal((await browser.decide(page, 'approve')).status, 303);
  });
}

test('the CSRF value of another browser is refused', async () => {
  const [one, two] = [await pushed(server, web), await pushed(server, web)];
  const victim = new Browser();
  const page = await victim.get(one.url);
  const attackersFields = (await new Browser().get(two.url)).form().fields;
  const csrf = attackersFields.filter(([name]) => !CARRIED.includes(name));

  const forged = await victim.decide(page, 'approve', (fields) => [
    ...fields.filter(([name]) => CARRIED.includes(name)),
    ...csrf,
  ]);
  assert.equal(forged.status, 400);
  assert.equal(forged.location, undefined);
  assert.equal((await victim.decide(page, 'approve')).status, 303);
});

for (const headers of [{ origin: 'https://evil.example.com' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }]) {
  test(`a decision sent from elsewhere is refused, told by ${JSON.stringify(headers)}`, async () => {
    const { url } = await pushed(server, web);
    const browser = new Browser();
    const page = await browser.get(url);
    const { action, fields } = page.form();
    const forged = await browser.post(action, [...fields, ['decision', 'approve']], headers);
    assert.equal(forged.status, 400);
    assert.equal(forged.location, undefined);
    assert.equal((await browser.decide(page, 'approve')).status, 303);
  });
}

test('a decision without the cookie is refused', async () => {
  const { url } = await pushed(server, web);
  const browser = new Browser();
  const page = await browser.get(url);
  assert.equal((await new Browser().decide(page, 'approve')).status, 400);
  assert.equal((await browser.decide(page, 'approve')).status, 303);
});

for (const decision of ['', 'Approve', 'approve ', 'maybe']) {
  test(`only approve approves, not ${JSON.stringify(decision)}`, async () => {
    const { url } = await pushed(server, web);
    const browser = new Browser();
    const answer = await browser.decide(await browser.get(url), decision);
    assert.ok(answer.status === 303 || answer.status === 400, answer.html);
    assert.equal(answer.response.code, undefined);
  });
}

test('plain parameters are bound to the browser and its CSRF value as well', async () => {
  const { parameters } = requestOf(web);
  const page = await new Browser().get(authorizeUrl(server, { client_id: web.client_id, ...parameters }));
  const answer = await new Browser().decide(page, 'approve');
  assert.equal(answer.status, 400);
  assert.equal(answer.location, undefined);
});

test('the sign-in page is one form of hidden fields and two buttons, without script', async () => {
  const { url, request_uri } = await pushed(server, web, { login_hint: 'canary@example.com', 'x-private': 'canary' });
  const page = await new Browser().get(url);
  assert.equal(page.status, 200);
  const { inputs, buttons, fields, method } = page.form();

  assert.equal(method, 'post');
  assert.deepEqual(new Set(inputs.map(({ type }) => type)), new Set(['hidden']));
  assert.deepEqual(
    buttons.map(({ id, name, value }) => ({ id, name, value })),
    [
      { id: 'approve', name: 'decision', value: 'approve' },
      { id: 'deny', name: 'decision', value: 'deny' },
    ],
  );
  assert.equal(Object.fromEntries(fields).request_uri, request_uri);
  assert.doesNotMatch(page.html, /<script\b/i);
  assert.ok(!JSON.stringify(fields).includes('canary'), 'pushed values do not travel through the browser');
});

test('the sign-in page is not cached, not framed, and sends no referrer to other sites', async () => {
  const { url } = await pushed(server, web);
  const { headers } = await new Browser().get(url);

  assert.match(headers.get('cache-control'), /\bno-store\b/);
  assert.match(headers.get('content-security-policy'), /frame-ancestors 'none'/);
  assert.match(headers.get('referrer-policy'), /^(no-referrer|same-origin)$/);
  assert.equal(headers.get('access-control-allow-origin'), null);
});

test('the binding cookie is out of reach of scripts and other sites, and holds nothing pushed', async () => {
  const { url } = await pushed(server, web, { login_hint: 'canary@example.com' });
  const { headers } = await new Browser().get(url);
  const cookies = headers.getSetCookie();

  assert.ok(cookies.length > 0);
  for (const line of cookies) {
    const { attributes } = parseSetCookie(line);
    assert.ok(attributes.has('httponly'), line);
    // Strict would be missing on the way from the client to here, and a reload would look like another browser.
    assert.equal(attributes.get('samesite')?.toLowerCase(), 'lax', line);
    assert.ok(!decodeURIComponent(line).includes('canary'), line);
  }
});

test('cookies of an https issuer are secure and bound to its host', async (t) => {
  const secure = await startServer({ clients: [web] }, ['--issuer', 'https://as.example.com']);
  t.after(() => secure.stop());
  const { request_uri } = await pushed(secure, web);
  const { headers } = await new Browser().get(authorizeUrl(secure, { client_id: web.client_id, request_uri }));

  for (const line of headers.getSetCookie()) {
    const { name, attributes } = parseSetCookie(line);
    assert.ok(name.startsWith('__Host-'), line);
    assert.ok(attributes.has('secure'), line);
    assert.equal(attributes.get('path'), '/', line);
    assert.ok(!attributes.has('domain'), line);
  }
});
