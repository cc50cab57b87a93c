// openid-client against the example server.

import assert from 'node:assert/strict';
import * as oidc from 'openid-client';
import { Browser } from './browser.mjs';
import { redirectUri } from './oauth.mjs';

/** A configured client; `authentication` proves who it is. */
export function discover(server, client, authentication, metadata = {}, fetch = globalThis.fetch) {
  return oidc.discovery(
    new URL(server.url),
    client.client_id,
    { id_token_signed_response_alg: 'ES256', ...metadata },
    authentication,
    // Non-repudiation checks are what makes openid-client verify the signature of an ID token that came over TLS.
    { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks], [oidc.customFetch]: fetch },
  );
}

/** Fresh PKCE, state and nonce, as a client sends them and as it checks them. */
export async function fresh(changes = {}) {
  const checks = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    expectedState: oidc.randomState(),
    expectedNonce: oidc.randomNonce(),
  };
  const parameters = {
    redirect_uri: redirectUri,
    scope: 'openid accounts',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...changes,
  };
  return { parameters, checks };
}

/** Opens a URL of the authorization endpoint and approves: where the browser is sent then. */
export async function approveInBrowser(url, fetch = globalThis.fetch) {
  const browser = new Browser(fetch);
  const answer = await browser.decide(await browser.get(url.href), 'approve');
  assert.equal(answer.status, 303, answer.html);
  return answer.location;
}

/** What the resource shows, as text: parsing could hide how a number was written. */
export async function protectedRequest(server, config, accessToken) {
  const response = await oidc.fetchProtectedResource(config, accessToken, new URL(`${server.url}/resource`), 'GET');
  return response.text();
}
