// A certificate for localhost that nobody else trusts, by the openssl program.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export async function selfSigned() {
  const folder = await mkdtemp(join(tmpdir(), 'parjar-tls-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  await promisify(execFile)('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-days', '2',
    '-keyout', key, '-out', cert, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost',
  ]);
  const content = { 'cert.pem': await readFile(cert), 'key.pem': await readFile(key) };
  return { cert, key, content, remove: () => rm(folder, { recursive: true }) };
}
