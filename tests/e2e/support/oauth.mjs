// OAuth on the wire, without a client library, for what a well-behaved client would never send.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { Browser } from './browser.mjs';

export const redirectUri = 'https://client.example.com/cb';

/** Both halves of Basic credentials must be form-encoded, which these values make visible. */
export const web = {
  client_id: 'web',
  client_secret: 'colon:percent%2Bplus+space &=/?"',
  token_endpoint_auth_method: 'client_secret_basic',
  redirect_uris: [redirectUri],
  scope: 'openid accounts',
};

export const other = {
  client_id: 'my other:client',
  client_secret: 'the secret of the other client',
  token_endpoint_auth_method: 'client_secret_basic',
  redirect_uris: ['https://other.example.com/cb?kept=1'],
  scope: 'openid accounts',
};

export const post = {
  client_id: 'post',
  client_secret: 'posted colon:percent%2Bplus+space &=/?"',
  token_endpoint_auth_method: 'client_secret_post',
  redirect_uris: [redirectUri],
  scope: 'openid accounts',
};

const formEncode = (text) => new URLSearchParams({ '': text }).toString().slice(1);

export function basic({ client_id, client_secret }) {
  return `Basic ${Buffer.from(`${formEncode(client_id)}:${formEncode(client_secret)}`).toString('base64')}`;
}

export function pkce() {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

/** A complete request of this client; members of `changes` replace or, when undefined, remove. */
export function requestOf(client, changes = {}) {
  const proof = pkce();
  const parameters = {
    response_type: 'code',
    redirect_uri: client.redirect_uris[0],
    scope: 'accounts',
    state: randomBytes(8).toString('hex'),
    code_challenge: proof.challenge,
    code_challenge_method: 'S256',
    ...changes,
  };
  return { parameters: withoutUndefined(parameters), verifier: proof.verifier };
}

function withoutUndefined(parameters) {
  return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined));
}

function authenticated(client, parameters) {
  const form = new URLSearchParams(parameters);
  if (client.token_endpoint_auth_method === 'client_secret_post') {
    form.append('client_id', client.client_id);
    form.append('client_secret', client.client_secret);
    return { form, headers: {} };
  }
  return { form, headers: { authorization: basic(client) } };
}

async function postForm(url, form, headers) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: form.toString(),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
}

/** Posts to the PAR endpoint, whatever comes of it. */
export function push(server, client, parameters) {
  const { form, headers } = authenticated(client, parameters);
  return postForm(`${server.url}/authorize/par`, form, headers);
}

/** Pushes a request that must be accepted; the result has what the rest of the flow needs. */
export async function pushed(server, client, changes = {}) {
  const { parameters, verifier } = requestOf(client, changes);
  const reply = await push(server, client, parameters);
  assert.equal(reply.status, 201, reply.text);
  const { request_uri } = reply.json;
  return { request_uri, parameters, verifier, url: authorizeUrl(server, { client_id: client.client_id, request_uri }) };
}

export function authorizeUrl(server, parameters) {
  return `${server.url}/authorize?${new URLSearchParams(parameters)}`;
}

/** Pushes, opens and approves; the result also has the code. */
export async function approved(server, client, changes = {}) {
  const request = await pushed(server, client, changes);
  const browser = new Browser();
  const answer = await browser.decide(await browser.get(request.url), 'approve');
  assert.equal(answer.status, 303, answer.html);
  assert.ok(answer.response.code, answer.location.href);
  return { ...request, browser, code: answer.response.code };
}

export function redeem(server, client, { code, verifier, parameters }, changes = {}) {
  const token = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: parameters.redirect_uri };
  const { form, headers } = authenticated(client, withoutUndefined({ ...token, ...changes }));
  return postForm(`${server.url}/token`, form, headers);
}

export async function resource(server, accessToken) {
  const response = await fetch(`${server.url}/resource`, { headers: { authorization: `Bearer ${accessToken}` } });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** A refusal shown to the person: never a redirect. */
export function assertRefusalPage(page, code) {
  assert.equal(page.status, 400, page.html);
  assert.equal(page.error, code, page.html);
  assert.equal(page.location, undefined);
  assert.match(page.headers.get('content-type'), /^text\/html/);
  assert.match(page.headers.get('cache-control'), /\bno-store\b/);
  assert.match(page.headers.get('content-security-policy'), /frame-ancestors 'none'/);
}

/** A JSON refusal by the PAR or token endpoint. */
export function assertRefused(reply, status, code) {
  assert.equal(reply.status, status, reply.text);
  assert.equal(reply.json?.error, code, reply.text);
  assert.equal(reply.json.request_uri, undefined);
  assert.equal(reply.json.access_token, undefined);
  assert.match(reply.headers.get('cache-control'), /\bno-store\b/);
}

/** Headers that a person or program could tell two answers apart by. */
export function comparable(headers) {
  return Object.fromEntries([...headers].filter(([name]) => name !== 'date'));
}
