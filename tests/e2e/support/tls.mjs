// Certificates for one test run, by openssl, and a fetch that trusts and shows them.

import { execFileSync } from 'node:child_process';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const directory = mkdtempSync(join(tmpdir(), 'parjar-e2e-tls-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];

/** A certificate and its key, both as paths and as PEM: self-signed, or by an `issuer` that was made in the same way. */
export function certificate(name, { subject = `/CN=${name}`, extensions = [], issuer, algorithm = EC } = {}) {
  const [certFile, keyFile] = ['crt', 'key'].map((kind) => join(directory, `${name}.${kind}`));
  const by = issuer ? ['-CA', issuer.certFile, '-CAkey', issuer.keyFile] : [];
  const extended = extensions.flatMap((extension) => ['-addext', extension]);
  const files = ['-keyout', keyFile, '-out', certFile];
  execFileSync('openssl', ['req', '-x509', '-days', '2', '-subj', subject, ...algorithm, ...by, ...extended, ...files], { stdio: 'pipe' });
  return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
}

/** As a client of self_signed_tls_client_auth registers it. */
export function registeredKey({ cert }) {
  const x509 = new X509Certificate(cert);
  return { ...createPublicKey(cert).export({ format: 'jwk' }), use: 'sig', x5c: [x509.raw.toString('base64')] };
}

/** A fetch for a server with this certificate, by a client that shows `own`, if it has one. */
export function tlsFetch(server, own) {
  const agent = new Agent({ ca: server.cert, cert: own?.cert, key: own?.key });
  return (url, { method = 'GET', headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const options = { agent, method, headers: Object.fromEntries(new Headers(headers)) };
      const sent = request(url, options, (incoming) => {
        const chunks = [];
        incoming.on('data', (chunk) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const received = new Headers();
          for (let at = 0; at < incoming.rawHeaders.length; at += 2) {
            received.append(incoming.rawHeaders[at], incoming.rawHeaders[at + 1]);
          }
          resolve(new Response(Buffer.concat(chunks), { status: incoming.statusCode, headers: received }));
        });
      });
      sent.on('error', reject);
      sent.end(body === undefined || body === null ? undefined : String(body));
    });
}
