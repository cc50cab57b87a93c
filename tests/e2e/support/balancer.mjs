// A load balancer: one origin for several nodes, which take the requests by turns.

import { createServer, request as forward } from 'node:http';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * `url` is known before there are nodes, since it is their issuer. Each answer of a node is held back for some milliseconds, as a slow
 * network would do. `taken` tells which node took what since the last call.
 */
export async function startBalancer({ latency = 0 } = {}) {
  const nodes = [];
  const taken = [];
  const http = createServer((incoming, outgoing) => {
    const node = nodes.shift();
    nodes.push(node);
    taken.push({ node, path: incoming.url.split('?')[0], cookies: incoming.headers.cookie ?? '' });
    const { hostname, port } = new URL(node.url);
    const { method, url: path, headers } = incoming;
    const inner = forward({ hostname, port, method, path, headers }, async (answer) => {
      await sleep(latency);
      outgoing.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(outgoing);
    });
    // A browser that hangs up is nothing that a node hears of.
    inner.on('error', () => outgoing.destroy());
    incoming.pipe(inner);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');

  return {
    url: `http://127.0.0.1:${http.address().port}`,
    serve: (...started) => nodes.push(...started),
    taken: () => taken.splice(0),
    async stop() {
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
}
