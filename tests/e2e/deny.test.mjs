import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Browser } from './support/browser.mjs';
import { assertRefusalPage, other, pushed, web } from './support/oauth.mjs';
import { startServer } from './support/server.mjs';

const server = await startServer({ clients: [web, other] });
after(() => server.stop());

test('a denial reaches the client with state and issuer, and spends the handle', async () => {
  const { url, parameters } = await pushed(server, web);
  const browser = new Browser();
  const page = await browser.get(url);
  const answer = await browser.decide(page, 'deny');

  assert.equal(answer.status, 303);
  assert.equal(answer.location.origin + answer.location.pathname, parameters.redirect_uri);
  const { error, error_description, ...rest } = answer.response;
  assert.equal(error, 'access_denied');
  assert.deepEqual(rest, { state: parameters.state, iss: server.url });
  assertRefusalPage(await browser.get(url), 'invalid_request_uri');
  assertRefusalPage(await browser.decide(page, 'approve'), 'invalid_request_uri');
});

test('a denial without state brings none back', async () => {
  const { url } = await pushed(server, web, { state: undefined });
  const browser = new Browser();
  const { response } = await browser.decide(await browser.get(url), 'deny');

  assert.equal(response.error, 'access_denied');
  assert.ok(!('state' in response));
});

test('the query of a registered redirect URI is kept in front of the response', async () => {
  const [registered] = other.redirect_uris;
  for (const decision of ['approve', 'deny']) {
    const { url } = await pushed(server, other);
    const browser = new Browser();
    const answer = await browser.decide(await browser.get(url), decision);
    assert.ok(answer.headers.get('location').startsWith(`${registered}&`), answer.headers.get('location'));
  }
});

test('prompt=none is answered with login_required, and the handle is spent', async () => {
  const { url, parameters } = await pushed(server, web, { prompt: 'none' });
  const browser = new Browser();
  const answer = await browser.get(url);

  assert.equal(answer.status, 303);
  assert.equal(answer.location.origin + answer.location.pathname, parameters.redirect_uri);
  const { error, error_description, ...rest } = answer.response;
  assert.equal(error, 'login_required');
  assert.deepEqual(rest, { state: parameters.state, iss: server.url });
  assertRefusalPage(await browser.get(url), 'invalid_request_uri');
  assertRefusalPage(await new Browser().get(url), 'invalid_request_uri');
});
