import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Browser } from './support/browser.mjs';
import { assertRefused, push, pushed, redeem, requestOf, web } from './support/oauth.mjs';
import { startServer } from './support/server.mjs';

const server = await startServer({ clients: [web] });
after(() => server.stop());

async function decided(decision, changes) {
  const request = await pushed(server, web, changes);
  const browser = new Browser();
  return { ...request, answer: await browser.decide(await browser.get(request.url), decision) };
}

test('form_post brings code, state and issuer as a form of the client', async () => {
  const state = '"><script>alert(1)</script>&amp;';
  const { answer, parameters, verifier } = await decided('approve', { response_mode: 'form_post', state });
  assert.equal(answer.status, 200, answer.html);
  assert.equal(answer.location, undefined);
  const { action, method, fields } = answer.form();
  const { code, ...rest } = Object.fromEntries(fields);

  assert.equal(action, parameters.redirect_uri);
  assert.equal(method, 'post');
  assert.deepEqual(rest, { state, iss: server.url });
  assert.ok(!answer.html.includes('<script>alert(1)'), 'state is escaped');
  assert.match(answer.headers.get('cache-control'), /\bno-store\b/);
  // The client sees where the form comes from, and no more.
  assert.equal(answer.headers.get('referrer-policy'), 'origin');
  assert.ok(answer.headers.get('content-security-policy'));
  assert.equal((await redeem(server, web, { code, verifier, parameters })).status, 200);
});

test('form_post brings a denial as a form of the client', async () => {
  const { answer, parameters } = await decided('deny', { response_mode: 'form_post' });
  const { error, error_description, ...rest } = Object.fromEntries(answer.form().fields);

  assert.equal(answer.form().action, parameters.redirect_uri);
  assert.equal(error, 'access_denied');
  assert.deepEqual(rest, { state: parameters.state, iss: server.url });
});

test('query is the same as no response mode', async () => {
  const { answer, parameters } = await decided('approve', { response_mode: 'query' });
  assert.equal(answer.status, 303);
  assert.equal(answer.response.state, parameters.state);
});

test('fragment brings the response behind a #', async () => {
  const { answer, parameters } = await decided('approve', { response_mode: 'fragment' });
  assert.equal(answer.status, 303);
  assert.equal(answer.location.search, '');
  const { code, ...rest } = Object.fromEntries(new URLSearchParams(answer.location.hash.slice(1)));
  assert.ok(code);
  assert.deepEqual(rest, { state: parameters.state, iss: server.url });
});

test('redirects are not cached and send no referrer', async () => {
  const { answer } = await decided('approve');
  assert.match(answer.headers.get('cache-control'), /\bno-store\b/);
  assert.equal(answer.headers.get('referrer-policy'), 'no-referrer');
});

test('every state comes back as it was pushed', async () => {
  for (const state of ['a+b c&d=e%20f#g', '{"json":["<>"]}', '~'.repeat(2000), ' ']) {
    const { answer } = await decided('approve', { state });
    assert.equal(answer.response.state, state);
  }
});

test('an unknown response mode is refused at the push', async () => {
  const reply = await push(server, web, requestOf(web, { response_mode: 'carrier_pigeon' }).parameters);
  assertRefused(reply, 400, 'invalid_request');
});

test('the metadata names the response modes that work', async () => {
  const metadata = await (await fetch(`${server.url}/.well-known/oauth-authorization-server`)).json();
  assert.ok(['query', 'fragment', 'form_post'].every((mode) => metadata.response_modes_supported.includes(mode)));
});
