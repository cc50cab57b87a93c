// Clients that are known by their certificates, and tokens that are bound to them (RFC 8705).

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as openSocket } from 'node:net';
import { after, test } from 'node:test';
import * as oidc from 'openid-client';
import { redirectUri } from './support/oauth.mjs';
import { approveInBrowser, discover as connect } from './support/openid-client.mjs';
import { runServer, startServer } from './support/server.mjs';
import { certificate, registeredKey, tlsFetch } from './support/tls.mjs';

const ofServer = certificate('server', { extensions: ['subjectAltName=IP:127.0.0.1'] });
const authority = certificate('authority', { extensions: ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign'] });
const own = certificate('own');
const another = certificate('another');
const usage = { extensions: ['basicConstraints=critical,CA:FALSE', 'extendedKeyUsage=clientAuth'] };
const issued = certificate('issued', { subject: '/O=Example/CN=issued', issuer: authority, ...usage });
const pretended = certificate('pretended', { subject: '/O=Example/CN=issued', ...usage });

const common = { redirect_uris: [redirectUri], scope: 'openid accounts', tls_client_certificate_bound_access_tokens: true };
const bySelfSigned = {
  ...common,
  client_id: 'self-signed',
  token_endpoint_auth_method: 'self_signed_tls_client_auth',
  jwks: { keys: [registeredKey(own)] },
};
const bySubject = {
  ...common,
  client_id: 'by-subject',
  token_endpoint_auth_method: 'tls_client_auth',
  tls_client_auth_subject_dn: 'CN=issued,O=Example',
};
const methods = ['self_signed_tls_client_auth', 'tls_client_auth'];
const config = {
  policy: { preset: 'fapi2_security_profile', token_endpoint_auth_methods_supported: methods },
  clients: [bySelfSigned, bySubject],
};
const tls = ['--tls-cert', ofServer.certFile, '--tls-key', ofServer.keyFile];
const server = await startServer(config, [...tls, `--tls-client-auth=${authority.certFile}`]);
after(() => server.stop());

const browserFetch = tlsFetch(ofServer);

async function fresh() {
  const checks = { pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedState: oidc.randomState() };
  const parameters = {
    redirect_uri: redirectUri,
    scope: 'openid accounts',
    state: checks.expectedState,
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
  };
  return { parameters, checks };
}

const discover = (client, shown) => connect(server, client, oidc.TlsClientAuth(), {}, tlsFetch(ofServer, shown));

async function resource(token, shown) {
  const response = await tlsFetch(ofServer, shown)(`${server.url}/resource`, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, challenge: response.headers.get('www-authenticate'), json: await response.json() };
}

test('the metadata says that certificates count', async () => {
  assert.match(server.url, /^https:/);
  const metadata = (await discover(bySelfSigned, own)).serverMetadata();
  assert.equal(metadata.issuer, server.url);
  assert.equal(metadata.tls_client_certificate_bound_access_tokens, true);
  assert.deepEqual(metadata.token_endpoint_auth_methods_supported, methods);
});

for (const [client, shown, others] of [
  [bySelfSigned, own, [another, issued]],
  [bySubject, issued, [own, pretended]],
]) {
  test(`openid-client gets through with ${client.token_endpoint_auth_method}, and its token is good with its certificate only`, async () => {
    const config = await discover(client, shown);
    const { parameters, checks } = await fresh();
    const callback = await approveInBrowser(await oidc.buildAuthorizationUrlWithPAR(config, parameters), browserFetch);
    const tokens = await oidc.authorizationCodeGrant(config, callback, { ...checks, idTokenExpected: true });
    assert.equal(tokens.token_type, 'bearer');

    const { status, json } = await resource(tokens.access_token, shown);
    assert.equal(status, 200);
    assert.equal(json.client_id, client.client_id);
    assert.doesNotMatch(JSON.stringify(json), /x5t|cnf/);
    for (const wrong of [undefined, ...others]) {
      const refused = await resource(tokens.access_token, wrong);
      assert.equal(refused.status, 401);
      assert.match(refused.challenge, /^Bearer error="invalid_token"/);
    }
  });

  test(`no other certificate, and none at all, is taken for that of ${client.client_id}`, async () => {
    const { parameters, checks } = await fresh();
    for (const wrong of [undefined, ...others]) {
      const config = await discover(client, wrong);
      await assert.rejects(oidc.buildAuthorizationUrlWithPAR(config, parameters), { status: 401 });
    }
    const config = await discover(client, shown);
    const callback = await approveInBrowser(await oidc.buildAuthorizationUrlWithPAR(config, parameters), browserFetch);
    const thief = await discover(client, others[0]);
    await assert.rejects(oidc.authorizationCodeGrant(thief, callback, checks), { status: 401 });
    assert.ok((await oidc.authorizationCodeGrant(config, callback, checks)).access_token);
  });
}

test('a browser without a certificate is served, and its cookies are for this host alone', async () => {
  const config = await discover(bySelfSigned, own);
  const { parameters } = await fresh();
  const url = await oidc.buildAuthorizationUrlWithPAR(config, parameters);
  const page = await browserFetch(url);
  assert.equal(page.status, 200);
  for (const cookie of page.headers.getSetCookie()) assert.match(cookie, /^__Host-.*; *Secure\b/i);
});

test('connections that bring no handshake, or no TLS at all, keep nobody waiting', async (t) => {
  const { hostname, port } = new URL(server.url);
  const sockets = Array.from({ length: 20 }, () => openSocket(port, hostname));
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const [plain] = sockets;
  plain.on('error', () => {});
  plain.resume().write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(plain, 'close');
  assert.equal((await browserFetch(`${server.url}/health`)).status, 200);
});

test('where nobody vouches for names, and where no certificate is asked for, discovery does not promise it', async () => {
  const policy = { preset: 'oauth' };
  for (const [flags, expected] of [
    [['--tls-client-auth'], ['self_signed_tls_client_auth']],
    [[], []],
  ]) {
    const other = await startServer({ policy, clients: [] }, [...tls, ...flags]);
    const metadata = await (await browserFetch(`${other.url}/.well-known/oauth-authorization-server`)).json();
    const offered = metadata.token_endpoint_auth_methods_supported.filter((method) => method.includes('tls'));
    assert.deepEqual(offered, expected);
    assert.equal(metadata.tls_client_certificate_bound_access_tokens ?? false, flags.length > 0);
    await other.stop();
  }
});

test('a fault in a TLS flag ends the start with one line that names it', async () => {
  for (const [flags, line] of [
    [['--tls-cert', ofServer.certFile], /^--tls-cert: needs --tls-key$/],
    [['--tls-key', ofServer.keyFile], /^--tls-key: needs --tls-cert$/],
    [['--tls-client-auth'], /^--tls-client-auth: needs --tls-cert and --tls-key$/],
    [['--tls-cert', ofServer.certFile, '--tls-key', '/nonexistent'], /^--tls-key: \/nonexistent: /],
    [['--tls-cert', ofServer.keyFile, '--tls-key', ofServer.keyFile], /^--tls-cert: .*: has no certificate in PEM$/],
    [['--tls-cert', ofServer.certFile, '--tls-key', own.keyFile], /^--tls-cert and --tls-key: /],
    [[...tls, '--tls-client-auth=/nonexistent'], /^--tls-client-auth: \/nonexistent: /],
  ]) {
    const { code, stdout, stderr } = await runServer(['--listen', '127.0.0.1:0', ...flags]);
    assert.equal(code, 2, flags.join(' '));
    assert.equal(stdout, '');
    const lines = stderr.trimEnd().split('\n');
    assert.equal(lines.length, 1, stderr);
    assert.match(lines[0], line);
    assert.doesNotMatch(stderr, /BEGIN|PRIVATE/);
  }
});
