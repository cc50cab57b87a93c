// A site that publishes documents about clients, over TLS, as the server under test finds it whatever the host of a URL is.

import { once } from 'node:events';
import { createServer } from 'node:https';
import { certificate } from './tls.mjs';

const HOSTS = ['client.example.com', 'tools.example.com', 'gone.example.com'];

/** A site with the JSON `documents`, by path, and a list of the paths that were asked for. */
export async function documentSite(documents = {}) {
  const names = HOSTS.map((host) => `DNS:${host}`).join();
  const { cert, key, certFile } = certificate('documents', { extensions: [`subjectAltName=${names}`] });
  const asked = [];
  const server = createServer({ cert, key }, (request, response) => {
    asked.push(request.url);
    const document = documents[request.url];
    if (document === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=300' });
    response.end(JSON.stringify(document));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    documents,
    asked,
    /** What makes an example server fetch from here. */
    arguments: ['--fetch', '--fetch-authorities', certFile, '--danger-fetch-from', `127.0.0.1:${server.address().port}`],
    stop: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}
