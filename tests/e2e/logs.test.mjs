import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Browser } from './support/browser.mjs';
import { approved, post, push, redeem, requestOf, resource, web } from './support/oauth.mjs';
import { startServer } from './support/server.mjs';

test('nothing that the server prints holds a secret, a handle, a code, a token or a pushed value', async () => {
  const server = await startServer({ clients: [web, post] });
  const secrets = ['canary', 'wrong-secret', web.client_secret, post.client_secret];
  for (const client of [web, post]) {
    const flow = await approved(server, client, { login_hint: 'canary@example.com', state: 'canary-state' });
    const { json } = await redeem(server, client, flow);
    await resource(server, json.access_token);
    await redeem(server, client, flow);
    await new Browser().get(flow.url);
    await push(server, { ...client, client_secret: 'wrong-secret' }, requestOf(client).parameters);
    await push(server, client, requestOf(client, { redirect_uri: 'https://canary.example/' }).parameters);
    secrets.push(flow.request_uri.split(':').at(-1), flow.code, flow.verifier, json.access_token);
  }
  await server.stop();

  const printed = server.output.stdout + server.output.stderr;
  for (const secret of secrets) assert.ok(!printed.includes(secret), `${secret} in:\n${printed}`);
});
