// Logins with the client library of the AT Protocol, as it comes from npm: it finds the server by the handle of a user, and believes
// neither the server nor the token whose DID does not lead back to it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, describe, test } from 'node:test';
import { JoseKey, NodeOAuthClient, OAuthResponseError, buildAtprotoLoopbackClientMetadata } from '@atproto/oauth-client-node';
import { Browser } from './support/browser.mjs';
import { documentSite } from './support/document-site.mjs';
import { logged, startServer } from './support/server.mjs';

const HANDLE = 'alice.example.com';
const DID = 'did:plc:alicealicealicealicealic';
const SCOPE = 'atproto transition:generic';
const CLIENT_ID = 'https://client.example.com/oauth-client-metadata.json';

/** The directory of DIDs, in which Alice's data is at the server under test. */
async function directory(server) {
  const document = {
    '@context': ['https://www.w3.org/ns/did/v1'],
    id: DID,
    alsoKnownAs: [`at://${HANDLE}`],
    verificationMethod: [],
    service: [{ id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: server.url }],
  };
  const http = createServer((request, response) => {
    const isAlice = decodeURIComponent(request.url) === `/${DID}`;
    response.writeHead(isAlice ? 200 : 404, { 'content-type': 'application/did+ld+json' }).end(JSON.stringify(document));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return { url: `http://127.0.0.1:${http.address().port}`, stop: () => new Promise((resolve) => http.close(resolve).closeAllConnections()) };
}

function memory() {
  const map = new Map();
  return { get: (key) => map.get(key), set: (key, value) => void map.set(key, value), del: (key) => void map.delete(key) };
}

function newClient(plc, clientMetadata, keyset) {
  return new NodeOAuthClient({
    clientMetadata,
    keyset,
    allowHttp: true,
    plcDirectoryUrl: plc.url,
    handleResolver: { resolve: async (handle) => (handle === HANDLE ? DID : null) },
    stateStore: memory(),
    sessionStore: memory(),
    requestLock: async (_, fn) => fn(),
  });
}

/** The browser's part: from the URL of the client to the parameters that come back. */
async function decide(url, decision) {
  const browser = new Browser();
  const page = await browser.get(url);
  assert.equal(page.status, 200, page.html);
  const answer = await browser.decide(page, decision);
  return { page, redirect: answer.location };
}

function webClient(changes = {}) {
  return {
    client_id: CLIENT_ID,
    client_name: 'A Web App',
    client_uri: 'https://client.example.com',
    application_type: 'web',
    redirect_uris: ['https://client.example.com/cb'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    scope: SCOPE,
    dpop_bound_access_tokens: true,
    ...changes,
  };
}

describe('a server of the AT Protocol', async () => {
  const site = await documentSite();
  // A proxy would decide for itself where it connects to, so none is asked, whatever the environment says.
  const proxy = 'http://127.0.0.1:9';
  const env = { HTTPS_PROXY: proxy, https_proxy: proxy, ALL_PROXY: proxy };
  const server = await startServer({ policy: { preset: 'atproto' } }, site.arguments, { env });
  const plc = await directory(server);
  after(async () => {
    await Promise.all([plc.stop(), site.stop()]);
    await server.stop();
  });

  async function login(client, name) {
    const url = await client.authorize(HANDLE, { state: 'kept by the app', scope: SCOPE });
    assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri']);
    const { page, redirect } = await decide(url, 'approve');
    assert.match(page.html, name);
    assert.equal(redirect.searchParams.get('iss'), server.url);
    const { session, state } = await client.callback(redirect.searchParams);
    assert.equal(state, 'kept by the app');
    assert.equal(session.did, DID);
    assert.equal(session.serverMetadata.issuer, server.url);
    const response = await session.fetchHandler('/resource');
    assert.equal(response.status, 200);
    const resource = await response.json();
    assert.deepEqual(
      { client: resource.client_id, sub: resource.sub, scope: resource.scope },
      { client: client.clientMetadata.client_id, sub: DID, scope: SCOPE },
    );
    return { redirect, resource };
  }

  test('takes a client of a developer, which is described by its own name', async () => {
    const metadata = buildAtprotoLoopbackClientMetadata({ scope: SCOPE, redirect_uris: ['http://127.0.0.1/cb'] });
    const { redirect } = await login(newClient(plc, metadata), /A client on this machine/);
    assert.equal(redirect.origin + redirect.pathname, 'http://127.0.0.1/cb');
    assert.deepEqual(site.asked, [], 'nothing is fetched of it');
  });

  test('takes a public client whose document it fetches', async () => {
    const metadata = webClient({ token_endpoint_auth_method: 'none' });
    site.documents['/oauth-client-metadata.json'] = metadata;
    const before = site.asked.length;
    const { redirect } = await login(newClient(plc, metadata), /A Web App[\s\S]*client\.example\.com/);
    assert.equal(redirect.origin, 'https://client.example.com');
    assert.deepEqual(site.asked.slice(before), ['/oauth-client-metadata.json'], 'once for the whole login');
  });

  for (const place of ['jwks', 'jwks_uri']) {
    test(`takes a client that authenticates with a key in its ${place}`, async () => {
      const key = await JoseKey.generate(['ES256'], `key-${place}`);
      const path = `/with-${place}.json`;
      const keys = { keys: [key.publicJwk] };
      const metadata = webClient({
        client_id: `https://client.example.com${path}`,
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        ...(place === 'jwks' ? { jwks: keys } : { jwks_uri: 'https://client.example.com/keys.json' }),
      });
      Object.assign(site.documents, { [path]: metadata, '/keys.json': keys });
      const before = site.asked.length;
      await login(newClient(plc, metadata, [key]), /A Web App/);
      assert.deepEqual(site.asked.slice(before), place === 'jwks' ? [path] : [path, '/keys.json']);
    });
  }

  test('tells the client that its user has denied', async () => {
    const client = newClient(plc, buildAtprotoLoopbackClientMetadata({ scope: SCOPE, redirect_uris: ['http://127.0.0.1/cb'] }));
    const { redirect } = await decide(await client.authorize(HANDLE), 'deny');
    await assert.rejects(client.callback(redirect.searchParams), (error) => error.params.get('error') === 'access_denied');
  });

  test('refuses clients without a document, with the document of another, and with one of another protocol', async () => {
    site.documents['/other.json'] = webClient({ token_endpoint_auth_method: 'none' });
    site.documents['/unbound.json'] = webClient({
      client_id: 'https://client.example.com/unbound.json',
      token_endpoint_auth_method: 'none',
      dpop_bound_access_tokens: false,
    });
    for (const path of ['/gone.json', '/other.json', '/unbound.json']) {
      const metadata = webClient({ client_id: `https://client.example.com${path}`, token_endpoint_auth_method: 'none' });
      await assert.rejects(
        newClient(plc, metadata).authorize(HANDLE),
        (error) => error instanceof OAuthResponseError && error.error === 'invalid_client',
        path,
      );
    }
    for (const reason of [/status 404/, /client_id in the metadata document is not its URL/, /dpop_bound_access_tokens: must be true/]) {
      await logged(server, reason);
    }
  });
});

test('a client of the AT Protocol does not take a server that fetches no documents', async () => {
  const server = await startServer({ policy: { preset: 'atproto' } });
  const plc = await directory(server);
  const client = newClient(plc, buildAtprotoLoopbackClientMetadata({ scope: SCOPE, redirect_uris: ['http://127.0.0.1/cb'] }));
  await assert.rejects(client.authorize(HANDLE));
  await plc.stop();
  await server.stop();
});
