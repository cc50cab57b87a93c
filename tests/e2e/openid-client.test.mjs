import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import * as oidc from 'openid-client';
import { post, redirectUri, web } from './support/oauth.mjs';
import { approveInBrowser, discover as connect, protectedRequest } from './support/openid-client.mjs';
import { startServer } from './support/server.mjs';

const server = await startServer({
  clients: [
    { ...web, authorization_details_types: ['payment'] },
    { ...post, require_pushed_authorization_requests: true },
  ],
});
after(() => server.stop());

const discover = (client, authentication, at = server) => connect(at, client, authentication(client.client_secret));

/** Pushes a request with fresh PKCE, state and nonce; the client checks the response against them. */
async function push(config, scope) {
  const checks = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    expectedState: oidc.randomState(),
    expectedNonce: oidc.randomNonce(),
  };
  const url = await oidc.buildAuthorizationUrlWithPAR(config, {
    redirect_uri: redirectUri,
    scope,
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  return { url, checks };
}

for (const [method, client, authentication] of [
  ['client_secret_basic', web, oidc.ClientSecretBasic],
  ['client_secret_post', post, oidc.ClientSecretPost],
]) {
  test(`openid-client pushes with ${method} and PKCE and ends with a valid id_token`, async () => {
    const config = await discover(client, authentication);
    const { url, checks } = await push(config, 'openid accounts');
    assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri']);

    const callback = await approveInBrowser(url);
    assert.equal(callback.origin + callback.pathname, redirectUri);
    const tokens = await oidc.authorizationCodeGrant(config, callback, { ...checks, idTokenExpected: true });

    const { sub } = tokens.claims();
    assert.ok(sub);
    assert.equal(tokens.token_type, 'bearer');
    const shown = JSON.parse(await protectedRequest(server, config, tokens.access_token));
    assert.equal(shown.client_id, client.client_id);
    assert.equal(shown.sub, sub);
    assert.deepEqual(shown.scope.split(' ').sort(), ['accounts', 'openid']);
  });
}

test('openid-client accepts the auth_time of an id_token asked for with max_age', async () => {
  const config = await discover(web, oidc.ClientSecretBasic);
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const url = await oidc.buildAuthorizationUrlWithPAR(config, {
    redirect_uri: redirectUri,
    scope: 'openid',
    max_age: '300',
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  const tokens = await oidc.authorizationCodeGrant(config, await approveInBrowser(url), {
    pkceCodeVerifier,
    maxAge: 300,
    idTokenExpected: true,
  });
  assert.ok(tokens.claims().auth_time > 0);
});

test('openid-client accepts code and id_token together, with the hashes that bind them', async (t) => {
  const client = { ...web, response_types: ['code', 'code id_token'], grant_types: ['authorization_code', 'implicit'] };
  const hybrid = await startServer({ policy: { response_types_supported: ['code', 'code id_token'] }, clients: [client] });
  t.after(() => hybrid.stop());
  const config = await discover(client, oidc.ClientSecretBasic, hybrid);
  oidc.useCodeIdTokenResponseType(config);
  oidc.enableDetachedSignatureResponseChecks(config);
  const { url, checks } = await push(config, 'openid');
  const tokens = await oidc.authorizationCodeGrant(config, await approveInBrowser(url), checks);
  assert.ok(tokens.claims().sub);
});

test('the resource shows everything that openid-client pushed, in the order of the push', async () => {
  const config = await discover(web, oidc.ClientSecretBasic);
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const code_challenge = await oidc.calculatePKCECodeChallenge(pkceCodeVerifier);
  // Numbers that a parser to double precision would change.
  const claims = '{"id_token":{"acr":{"essential":false,"value":1.10}},"userinfo":{"n":{"value":12345678901234567890}}}';
  const details = '[{"type":"payment","amount":100.10,"to":"Ünï 支付"}]';
  const url = await oidc.buildAuthorizationUrlWithPAR(
    config,
    new URLSearchParams([
      ['zz-unknown', 'percent % plus + equals = ampersand & quote " less < ümläut 🦀'],
      ['resource', 'https://b.example.com/?q=1'],
      ['scope', 'accounts openid'],
      ['claims', claims],
      ['max_age', '300'],
      ['client_id', web.client_id],
      ['resource', 'https://a.example.com/'],
      ['authorization_details', details],
      ['login_hint', ''],
      ['redirect_uri', redirectUri],
      ['ui_locales', 'de  en'],
      ['code_challenge_method', 'S256'],
      ['code_challenge', code_challenge],
      ['state', 's t a t e'],
      ['response_type', 'code'],
    ]),
  );
  const tokens = await oidc.authorizationCodeGrant(config, await approveInBrowser(url), {
    pkceCodeVerifier,
    expectedState: 's t a t e',
  });

  const text = await protectedRequest(server, config, tokens.access_token);
  assert.ok(text.includes(claims), text);
  assert.ok(text.includes(details), text);
  assert.deepEqual(Object.entries(JSON.parse(text).request), [
    ['zz-unknown', 'percent % plus + equals = ampersand & quote " less < ümläut 🦀'],
    ['resource', ['https://b.example.com/?q=1', 'https://a.example.com/']],
    ['scope', 'accounts openid'],
    ['claims', JSON.parse(claims)],
    ['max_age', '300'],
    ['client_id', 'web'],
    ['authorization_details', JSON.parse(details)],
    ['redirect_uri', redirectUri],
    ['ui_locales', 'de  en'],
    ['code_challenge_method', 'S256'],
    ['code_challenge', code_challenge],
    ['state', 's t a t e'],
    ['response_type', 'code'],
  ]);
});

test('a single resource is shown as an array', async () => {
  const config = await discover(web, oidc.ClientSecretBasic);
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const url = await oidc.buildAuthorizationUrlWithPAR(config, {
    redirect_uri: redirectUri,
    scope: 'accounts',
    resource: 'https://a.example.com/',
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  const tokens = await oidc.authorizationCodeGrant(config, await approveInBrowser(url), { pkceCodeVerifier });

  assert.equal(tokens.id_token, undefined, 'openid was not granted');
  const { request } = JSON.parse(await protectedRequest(server, config, tokens.access_token));
  assert.deepEqual(request.resource, ['https://a.example.com/']);
});

test('credentials of client_secret_post are no part of the request', async () => {
  const config = await discover(post, oidc.ClientSecretPost);
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const url = await oidc.buildAuthorizationUrlWithPAR(config, {
    redirect_uri: redirectUri,
    scope: 'accounts',
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  const tokens = await oidc.authorizationCodeGrant(config, await approveInBrowser(url), { pkceCodeVerifier });

  const text = await protectedRequest(server, config, tokens.access_token);
  assert.ok(!text.includes('client_secret'), text);
  assert.ok(!text.includes('posted colon'), text);
});

test('openid-client reports what the server refused', async () => {
  const wrong = await discover({ ...web, client_secret: 'wrong' }, oidc.ClientSecretBasic);
  await assert.rejects(oidc.buildAuthorizationUrlWithPAR(wrong, { redirect_uri: redirectUri, scope: 'openid' }), {
    name: 'WWWAuthenticateChallengeError',
  });

  const config = await discover(web, oidc.ClientSecretBasic);
  await assert.rejects(
    oidc.buildAuthorizationUrlWithPAR(config, { redirect_uri: 'https://evil.example.com/cb', scope: 'openid' }),
    { name: 'ResponseBodyError', error: 'invalid_request', status: 400 },
  );
});
