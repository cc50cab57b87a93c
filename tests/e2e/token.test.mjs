import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { approved, assertRefused, comparable, other, pkce, post, redeem, resource, web } from './support/oauth.mjs';
import { startServer } from './support/server.mjs';

const server = await startServer({ clients: [web, other, post] });
after(() => server.stop());

test('a code brings a bearer token that is not to be cached', async () => {
  const flow = await approved(server, web);
  const { status, headers, json } = await redeem(server, web, flow);

  assert.equal(status, 200);
  assert.equal(json.token_type.toLowerCase(), 'bearer');
  assert.match(headers.get('cache-control'), /\bno-store\b/);
  assert.equal((await resource(server, json.access_token)).status, 200);
});

test('the second use of a code is refused and revokes the token of the first', async () => {
  const flow = await approved(server, web);
  const { json } = await redeem(server, web, flow);
  assert.equal((await resource(server, json.access_token)).status, 200);

  assertRefused(await redeem(server, web, flow), 400, 'invalid_grant');
  const refused = await resource(server, json.access_token);
  assert.equal(refused.status, 401);
  assert.match(refused.headers.get('www-authenticate'), /^Bearer\b.*error="invalid_token"/);
});

test('two uses of a code at once bring at most one token, and that one is revoked', async () => {
  const flow = await approved(server, web);
  const replies = await Promise.all([redeem(server, web, flow), redeem(server, web, flow)]);

  assert.deepEqual(replies.map(({ status }) => status).sort(), [200, 400]);
  const { json } = replies.find(({ status }) => status === 200);
  assert.equal((await resource(server, json.access_token)).status, 401);
});

// F2-006
test('a code is good for a minute and no longer', async () => {
  const flow = await approved(server, web);
  await new Promise((resolve) => setTimeout(resolve, 60_500));
  assertRefused(await redeem(server, web, flow), 400, 'invalid_grant');
});

// PK-006, PK-008
test('a wrong code_verifier is refused and uses up the code', async () => {
  const flow = await approved(server, web);
  assertRefused(await redeem(server, web, { ...flow, verifier: pkce().verifier }), 400, 'invalid_grant');
  assertRefused(await redeem(server, web, flow), 400, 'invalid_grant');
});

test('a code_verifier is needed where a challenge was pushed', async () => {
  const flow = await approved(server, web);
  const reply = await redeem(server, web, flow, { code_verifier: undefined });
  assert.equal(reply.status, 400);
  assert.match(reply.json.error, /^invalid_(grant|request)$/);
});

test('the code of another client is refused', async () => {
  const flow = await approved(server, web);
  assertRefused(await redeem(server, other, flow), 400, 'invalid_grant');
});

test('another redirect URI than the pushed one is refused', async () => {
  const flow = await approved(server, web);
  const reply = await redeem(server, web, flow, { redirect_uri: `${flow.parameters.redirect_uri}/` });
  assertRefused(reply, 400, 'invalid_grant');
});

test('an invented code is refused', async () => {
  const flow = await approved(server, web);
  assertRefused(await redeem(server, web, flow, { code: 'A'.repeat(43) }), 400, 'invalid_grant');
});

test('another grant type is refused', async () => {
  const flow = await approved(server, web);
  const reply = await redeem(server, web, flow, { grant_type: 'password' });
  assertRefused(reply, 400, 'unsupported_grant_type');
});

test('a request without a grant type or a code is refused', async () => {
  const flow = await approved(server, web);
  assertRefused(await redeem(server, web, flow, { grant_type: undefined }), 400, 'invalid_request');
  assertRefused(await redeem(server, web, flow, { code: undefined }), 400, 'invalid_request');
});

test('a client that does not authenticate uses up no code', async () => {
  const flow = await approved(server, web);
  const reply = await redeem(server, { ...web, client_secret: 'wrong' }, flow);
  assertRefused(reply, 401, 'invalid_client');
  assert.match(reply.headers.get('www-authenticate'), /^Basic\b/);
  assert.equal((await redeem(server, web, flow)).status, 200);
});

test('an unknown client is told what a wrong secret is told', async () => {
  const flow = await approved(server, web);
  const [wrong, unknown] = await Promise.all([
    redeem(server, { ...web, client_secret: 'wrong' }, flow),
    redeem(server, { ...web, client_id: 'unknown' }, flow),
  ]);
  assertRefused(unknown, 401, 'invalid_client');
  assert.equal(unknown.text, wrong.text);
  assert.deepEqual(comparable(unknown.headers), comparable(wrong.headers));
});

test('the registered method is the only one: a Basic client may not post its secret, nor the other way round', async () => {
  const flow = await approved(server, web);
  assertRefused(await redeem(server, { ...web, token_endpoint_auth_method: 'client_secret_post' }, flow), 401, 'invalid_client');

  const posted = await approved(server, post);
  const swapped = { ...post, token_endpoint_auth_method: 'client_secret_basic' };
  assertRefused(await redeem(server, swapped, posted), 401, 'invalid_client');
});

test('the resource asks for a token it knows', async () => {
  for (const token of ['', 'invented', 'A'.repeat(43)]) {
    const { status, headers } = await resource(server, token);
    assert.equal(status, 401);
    assert.match(headers.get('www-authenticate'), /^Bearer\b/);
  }
  const bare = await fetch(`${server.url}/resource`);
  assert.equal(bare.status, 401);
  assert.match(bare.headers.get('www-authenticate'), /^Bearer\b/);
});
