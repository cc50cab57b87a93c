// The login of the MCP SDK from npm, whose client is a URL: it finds the server by the metadata of the API, registers nowhere, and sends
// its request in the query.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { auth } from '@modelcontextprotocol/sdk/client/auth.js';
import { Browser } from './support/browser.mjs';
import { documentSite } from './support/document-site.mjs';
import { startServer } from './support/server.mjs';

const CLIENT_ID = 'https://tools.example.com/mcp/client.json';
const metadata = {
  client_id: CLIENT_ID,
  client_name: 'An Editor',
  redirect_uris: ['http://127.0.0.1:33418/callback'],
  grant_types: ['authorization_code'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
};

/** What an application gives to the SDK. */
class Application {
  redirectUrl = 'http://127.0.0.1:33418/callback';
  clientMetadataUrl = CLIENT_ID;
  clientMetadata = metadata;
  #client;
  #verifier;
  #tokens;

  clientInformation() {
    return this.#client;
  }
  saveClientInformation(client) {
    this.#client = client;
  }
  tokens() {
    return this.#tokens;
  }
  saveTokens(tokens) {
    this.#tokens = tokens;
  }
  redirectToAuthorization(url) {
    this.url = url;
  }
  saveCodeVerifier(verifier) {
    this.#verifier = verifier;
  }
  codeVerifier() {
    return this.#verifier;
  }
}

describe('a server whose clients may be URLs', async () => {
  const site = await documentSite({ '/mcp/client.json': metadata });
  const server = await startServer({ policy: { danger_allow_unauthenticated_clients: true } }, site.arguments);
  after(async () => {
    await site.stop();
    await server.stop();
  });

  test('takes the client of the MCP SDK through to its token', async () => {
    const application = new Application();
    assert.equal(await auth(application, { serverUrl: server.url }), 'REDIRECT');
    assert.equal(application.clientInformation().client_id, CLIENT_ID);
    const browser = new Browser();
    const page = await browser.get(application.url);
    assert.match(page.html, /An Editor[\s\S]*tools\.example\.com/);
    const { response } = await browser.decide(page, 'approve');
    assert.equal(response.iss, server.url);
    assert.equal(await auth(application, { serverUrl: server.url, authorizationCode: response.code, iss: response.iss }), 'AUTHORIZED');
    const { access_token: token } = application.tokens();
    const resource = await fetch(`${server.url}/resource`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(resource.status, 200);
    assert.equal((await resource.json()).client_id, CLIENT_ID);
    assert.deepEqual(site.asked, ['/mcp/client.json']);
  });
});
