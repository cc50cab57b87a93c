// The playground at servers of every preset, with every way of client authentication.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { decodeJwt } from 'jose';
import { launchChromium } from './support/chromium.mjs';
import { goTo, goToResource, openPlayground, wire } from './support/playground.mjs';
import { startServer } from './support/server.mjs';
import { certificate } from './support/tls.mjs';

const chromium = await launchChromium();
const server = await startServer();
after(async () => {
  await chromium.close();
  await server.stop();
});

/** The names in a list of radio buttons or options. */
const values = (page, selector) => page.$$eval(selector, (all) => all.map(({ value }) => value));

/** Takes every client that the page offers to the API, with what the form starts with. */
async function takeAllClients(t, at, query) {
  const { page, problems } = await openPlayground(t, chromium, at, { query, ignoreHTTPSErrors: true });
  const names = await values(page, 'input[name="client"]');
  for (const name of names) {
    await page.goto(`${at.url}/${query}`);
    await page.check(`input[name="client"][value="${name}"]`);
    await goTo(page, '#push');
    assert.ok(await page.$('#open'), `${name}: ${await wire(page)}`);
    await goToResource(page);
    assert.match(await page.textContent('#latest'), /GET \S*\/resource[\s\S]*200 OK[\s\S]*"request"/, name);
  }
  assert.deepEqual(problems, []);
  return names;
}

const presets = [
  'oidc', 'fapi1_advanced', 'fapi2_security_profile', 'fapi2_message_signing', 'haip', 'atproto', 'brazil', 'cdr',
];

describe('a server of a preset beside the main one', () => {
  for (const preset of [...presets, 'par_required', 'par_off', 'dpop_nonce']) {
    test(`${preset}: has clients that get through with what the form starts with`, async (t) => {
      const names = await takeAllClients(t, server, `?preset=${preset}`);
      assert.ok(names.length > 0);
    });
  }

  test('has an issuer, metadata and a flow of its own', async () => {
    const issuer = `${server.url}/playground/as/fapi2_security_profile`;
    for (const url of [
      `${server.url}/.well-known/oauth-authorization-server/playground/as/fapi2_security_profile`,
      `${issuer}/.well-known/openid-configuration`,
    ]) {
      const metadata = await (await fetch(url)).json();
      assert.equal(metadata.issuer, issuer);
      assert.equal(metadata.pushed_authorization_request_endpoint, `${issuer}/authorize/par`);
      assert.equal(metadata.require_pushed_authorization_requests, true);
    }
    for (const path of ['nothing/authorize/par', 'fapi2_security_profile/nothing', '', 'fapi2_security_profile']) {
      assert.equal((await fetch(`${server.url}/playground/as/${path}`)).status, 404, path);
    }
  });

  for (const [path, method] of [
    ['/authorize', 'DELETE'], ['/token', 'GET'], ['/token', 'HEAD'], ['/resource', 'POST'], ['/jwks', 'PUT'],
    ['/authorize/par', 'GET'], ['/.well-known/openid-configuration', 'POST'],
  ]) {
    test(`answers ${method} ${path} with 405, as the main server does`, async () => {
      const [main, beside] = await Promise.all(
        ['', '/playground/as/oidc'].map((issuer) => fetch(server.url + issuer + path, { method })),
      );
      const allowed = ({ headers }) => headers.get('allow').split(',').map((name) => name.trim()).sort();
      assert.equal(main.status, 405);
      assert.equal(beside.status, 405);
      assert.deepEqual(allowed(beside), allowed(main));
    });
  }

  test('names the user alike in the answer of the token endpoint, in the ID token and at the API', async (t) => {
    const { page } = await openPlayground(t, chromium, server, { query: '?preset=atproto&scope=atproto+openid' });
    await goTo(page, '#push');
    await goToResource(page);
    const shown = await wire(page);
    const body = (first) => JSON.parse(new RegExp(`\\{"${first}":.*\\}`).exec(shown)[0]);
    const [token, api] = ['access_token', 'client_id'].map(body);
    assert.match(token.sub, /^did:plc:/);
    assert.equal(decodeJwt(token.id_token).sub, token.sub);
    assert.equal(api.sub, token.sub);
  });

  test('refuses a plain request where a push is required, and the run says why', async (t) => {
    const { page } = await openPlayground(t, chromium, server, { query: '?preset=par_required&channel=url' });
    await goTo(page, '#push');
    await goTo(page, '#open');
    await page.goto(await runOf(page));
    assert.match(await wire(page), /refuses to open it[\s\S]*push_required/);
  });
});

/** The run that the browser has come from. */
async function runOf(page) {
  await page.goBack();
  return page.url();
}

describe('a server of a configuration with a preset', () => {
  for (const preset of ['oauth', ...presets]) {
    test(`${preset}: has clients of the playground that get through`, async (t) => {
      const strict = await startServer({ policy: { preset } });
      t.after(() => strict.stop());
      await takeAllClients(t, strict, '');
    });
  }
});

/** A server with TLS that asks for the certificates of clients. */
async function startSecured(t) {
  const { certFile, keyFile } = certificate('playground', { extensions: ['subjectAltName=IP:127.0.0.1'] });
  const secured = await startServer(undefined, ['--tls-cert', certFile, '--tls-key', keyFile, '--tls-client-auth']);
  t.after(() => secured.stop());
  return secured;
}

test('a server without TLS has no client with a certificate, and one that asks for certificates has', async (t) => {
  const { page } = await openPlayground(t, chromium, server);
  assert.ok(!(await values(page, 'input[name="client"]')).includes('vault'));

  const secured = await startSecured(t);
  assert.ok((await takeAllClients(t, secured, '')).includes('vault'));

  // FAPI 2.0 takes no token that is good in any hands: here the certificate is what it is bound to.
  const query = '?preset=fapi2_security_profile&client=vault&dpop=no';
  const visit = await openPlayground(t, chromium, secured, { query, ignoreHTTPSErrors: true });
  await goTo(visit.page, '#push');
  await goToResource(visit.page);
  assert.match(await visit.page.textContent('#latest'), /authorization: Bearer [\s\S]*200 OK/);
});

test('the certificate to fetch is good at every server: the curl line of its client sends the same request again', async (t) => {
  const secured = await startSecured(t);
  const folder = await mkdtemp(join(tmpdir(), 'parjar-curl-'));
  t.after(() => rm(folder, { recursive: true }));
  const shell = async (line) => (await promisify(execFile)('sh', ['-c', line], { cwd: folder })).stdout;
  await shell(`curl --silent --fail --insecure --remote-name ${secured.url}/playground/playground.pem`);
  for (const preset of ['', 'par_required', 'fapi2_security_profile']) {
    const query = `?preset=${preset}&client=vault&dpop=no`;
    const { page } = await openPlayground(t, chromium, secured, { query, ignoreHTTPSErrors: true });
    await goTo(page, '#push');
    const line = await page.textContent('[data-copy="the command"]');
    assert.match(line, /--cert playground\.pem/);
    assert.match(await shell(`${line} --silent --insecure`), /^HTTP\/1\.1 201 [\s\S]*request_uri:/, `${preset}: ${line}`);
  }
});

describe('the main server', () => {
  for (const algorithm of ['ES256', 'PS256', 'EdDSA', 'ES384']) {
    test(`takes assertions and request objects signed with ${algorithm}`, async (t) => {
      const { page } = await openPlayground(t, chromium, server, { query: '?client=bank&sending=signed' });
      await page.selectOption('#algorithm', algorithm);
      await goTo(page, '#push');
      const heads = await page.$$eval('.pane h4 + pre', (all) => all.map(({ textContent }) => textContent));
      assert.equal(heads.filter((head) => head.includes(`"alg": "${algorithm}"`)).length, 2, String(heads));
      await goToResource(page);
      assert.match(await page.textContent('#latest'), /200 OK/);
    });
  }

  for (const [what, query, request] of [
    ['a plain request', '?channel=url', /GET \/authorize\?client_id=web&response_type=code/],
    ['a request object', '?channel=url&client=bank&sending=signed', /GET \/authorize\?client_id=bank&request=eyJ/],
    ['a plain request for a token that is bound to a key', '?channel=url&dpop=yes', /&dpop_jkt=/],
  ]) {
    test(`takes ${what} from the URL, without a push`, async (t) => {
      const { page, problems } = await openPlayground(t, chromium, server, { query });
      await goTo(page, '#push');
      assert.match(await wire(page), request);
      await goToResource(page);
      assert.match(await page.textContent('#latest'), /200 OK/);
      assert.deepEqual(problems, []);
    });
  }

  for (const mode of ['jwt', 'form_post.jwt']) {
    test(`signs its answer for response_mode=${mode}, and the client verifies it`, async (t) => {
      const { page } = await openPlayground(t, chromium, server, { query: `?response_mode=${mode}` });
      await goTo(page, '#push');
      await goToResource(page);
      assert.match(await wire(page), /response=eyJ[\s\S]*"aud": "web"[\s\S]*The signature is the server's/);
    });
  }

  test('takes a redirect URI of the request from the client that may have one', async (t) => {
    const redirect_uri = 'https://tenants.example.com/orders/17';
    const query = `?${new URLSearchParams({ client: 'tenants', redirect_uri })}`;
    const { page } = await openPlayground(t, chromium, server, { query });
    await goTo(page, '#push');
    await goTo(page, '#open');
    assert.match(await page.textContent('main'), /Your answer goes to tenants\.example\.com\.[\s\S]*only its host is registered/);
  });
});

test('a proof without the nonce of the server is a step, and the same with it another', async (t) => {
  const { page } = await openPlayground(t, chromium, server, { query: '?preset=dpop_nonce' });
  await goTo(page, '#push');
  const titles = await page.$$eval('.steps > li:not(.next)', (all) => all.map((step) => step.textContent));
  assert.equal(titles.length, 2);
  assert.match(titles[0], /POST \S+\/authorize\/par[\s\S]*use_dpop_nonce[\s\S]*wants a nonce of its own/);
  assert.match(titles[1], /POST \S+\/authorize\/par[\s\S]*201 Created[\s\S]*with the nonce in the proof/);
  await goToResource(page);
  assert.match(await wire(page), /"token_type": "DPoP"[\s\S]*authorization: DPoP /);
});
