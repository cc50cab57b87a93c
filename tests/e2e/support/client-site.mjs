// The site of a client: receives responses at its redirect URI, and has pages of its own.

import { createServer } from 'node:http';
import { once } from 'node:events';

// The icon keeps browsers from asking for one and complaining that there is none.
const HEAD = '<!doctype html><title>Client</title><link rel="icon" href="data:,">';

export async function startClientSite() {
  const received = [];
  const pages = new Map();
  const http = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    response.setHeader('content-type', 'text/html; charset=utf-8');
    if (pathname === '/cb') {
      const parameters = request.method === 'POST' ? new URLSearchParams(body) : searchParams;
      received.push({ method: request.method, headers: request.headers, parameters: Object.fromEntries(parameters) });
      response.end(`${HEAD}<p id="arrived">arrived`);
    } else {
      response.statusCode = pages.has(pathname) ? 200 : 404;
      response.end(`${HEAD}${pages.get(pathname) ?? ''}`);
    }
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address();

  return {
    redirectUri: `http://127.0.0.1:${port}/cb`,
    // Another host than the server's, so that browsers see another site; cookies do not tell ports apart.
    url: `http://localhost:${port}`,
    /** Takes what arrived since the last call. */
    received: () => received.splice(0),
    serve(path, html) {
      pages.set(path, html);
      return `http://localhost:${port}${path}`;
    },
    async stop() {
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
}

export function link(url) {
  return `<a id="go" href="${escape(url)}">sign in</a>`;
}

export function form(action, fields) {
  const inputs = Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${escape(value)}">`);
  return `<form method="post" action="${escape(action)}">${inputs.join('')}<button id="go">sign in</button></form>`;
}

export function frame(url) {
  return `<iframe id="frame" src="${escape(url)}"></iframe>`;
}

function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
}
