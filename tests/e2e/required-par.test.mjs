import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Browser } from './support/browser.mjs';
import { assertRefusalPage, authorizeUrl, pushed, redeem, requestOf, resource, web } from './support/oauth.mjs';
import { startServer } from './support/server.mjs';

const strictClient = { ...web, client_id: 'strict', require_pushed_authorization_requests: true };

/** The redirect URI is registered, so the refusal may go to the client as well as to the person. */
function assertRefusedAtAuthorization(page, parameters) {
  if (page.status === 400) return assertRefusalPage(page, 'invalid_request');
  assert.equal(page.status, 303, page.html);
  assert.ok(page.location.href.startsWith(parameters.redirect_uri));
  const { error, error_description, ...rest } = page.response;
  assert.equal(error, 'invalid_request');
  assert.deepEqual(rest, { state: parameters.state, iss: new URL(page.url).origin });
}

describe('a server that requires PAR of everybody', async () => {
  const server = await startServer({ policy: { require_pushed_authorization_requests: true }, clients: [web] });
  after(() => server.stop());

  test('refuses plain parameters by GET and by POST', async () => {
    const { parameters } = requestOf(web);
    const plain = { client_id: web.client_id, ...parameters };
    assertRefusedAtAuthorization(await new Browser().get(authorizeUrl(server, plain)), parameters);
    assertRefusedAtAuthorization(await new Browser().post(`${server.url}/authorize`, plain), parameters);
  });

  test('refuses plain parameters with prompt=none for the missing push, not for the missing login', async () => {
    const { parameters } = requestOf(web, { prompt: 'none' });
    const page = await new Browser().get(authorizeUrl(server, { client_id: web.client_id, ...parameters }));
    assertRefusedAtAuthorization(page, parameters);
  });

  test('takes a pushed request', async () => {
    const { url } = await pushed(server, web);
    const browser = new Browser();
    assert.equal((await browser.decide(await browser.get(url), 'approve')).status, 303);
  });

  test('says so in its metadata', async () => {
    const metadata = await (await fetch(`${server.url}/.well-known/oauth-authorization-server`)).json();
    assert.equal(metadata.require_pushed_authorization_requests, true);
  });
});

describe('a server that requires PAR of one client', async () => {
  const server = await startServer({ clients: [web, strictClient] });
  after(() => server.stop());

  test('refuses plain parameters of that client', async () => {
    const { parameters } = requestOf(strictClient);
    const page = await new Browser().get(authorizeUrl(server, { client_id: strictClient.client_id, ...parameters }));
    assertRefusedAtAuthorization(page, parameters);
  });

  test('takes what that client pushes', async () => {
    const { url } = await pushed(server, strictClient);
    assert.equal((await new Browser().get(url)).status, 200);
  });

  test('takes plain parameters of another client through to the resource, losslessly', async () => {
    const { parameters, verifier } = requestOf(web, { 'x-unknown': 'ä&=+ %', nonce: 'n<o>n"ce' });
    const sent = [['client_id', web.client_id], ...Object.entries(parameters)];
    const browser = new Browser();
    const page = await browser.get(authorizeUrl(server, sent));
    assert.equal(page.status, 200, page.html);
    const answer = await browser.decide(page, 'approve');
    assert.equal(answer.status, 303, answer.html);
    assert.equal(answer.response.state, parameters.state);
    assert.equal(answer.response.iss, server.url);

    const token = await redeem(server, web, { code: answer.response.code, verifier, parameters });
    assert.equal(token.status, 200, token.text);
    const shown = await resource(server, token.json.access_token);
    assert.deepEqual(Object.entries(JSON.parse(shown.text).request), sent);
  });

  test('takes the denial of plain parameters to the client', async () => {
    const { parameters } = requestOf(web);
    const browser = new Browser();
    const page = await browser.get(authorizeUrl(server, { client_id: web.client_id, ...parameters }));
    const { response } = await browser.decide(page, 'deny');
    assert.equal(response.error, 'access_denied');
    assert.equal(response.state, parameters.state);
  });

  test('refuses a form whose plain parameters were changed to those of the strict client', async () => {
    const { parameters } = requestOf(web);
    const browser = new Browser();
    const page = await browser.get(authorizeUrl(server, { client_id: web.client_id, ...parameters }));
    const answer = await browser.decide(page, 'approve', (fields) =>
      fields.map(([name, value]) => [name, value.replace('client_id=web', 'client_id=strict').replace(/^web$/, 'strict')]),
    );
    assert.equal(answer.response.code, undefined);
  });

  test('shows a page when nothing says which client is asking', async () => {
    assertRefusalPage(await new Browser().get(`${server.url}/authorize`), 'invalid_request');
    const { parameters } = requestOf(web);
    assertRefusalPage(await new Browser().get(authorizeUrl(server, parameters)), 'invalid_request');
  });
});
