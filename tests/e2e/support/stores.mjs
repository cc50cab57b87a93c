// Redis and PostgreSQL for one test run: on a free port of this machine, with their data in a temporary folder.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const READY_MS = 20_000;

/** In every URL here, and nowhere else. */
export const PASSWORD = 'canary-password';

export const stores = { redis: startRedis, postgres: startPostgres };

/** `url`, `stop` and `restart`; `tell` for a command of its own; `remove` when nothing of it is needed any more. Forgets all when it stops. */
async function startRedis({ certificate } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'parjar-redis-'));
  const port = await freePort();
  const ports = certificate
    ? ['--port', '0', '--tls-port', port, '--tls-cert-file', certificate.cert, '--tls-key-file', certificate.key, '--tls-auth-clients', 'no']
    : ['--port', port];
  const redis = ['redis-server', ...ports, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--requirepass', PASSWORD];
  const url = `${certificate ? 'rediss' : 'redis'}://:${PASSWORD}@${certificate ? 'localhost' : '127.0.0.1'}:${port}/0`;
  const tell = (words) => run('redis-cli', ['-e', '-p', port, '-a', PASSWORD, ...words.split(' ')].map(String));
  return server({ url, port, folder, command: redis.map(String), signal: 'SIGTERM', hint: 'apt-get install redis-server', tell });
}

/** The same. What it has stored outlives a restart. */
async function startPostgres({ certificate } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'parjar-postgres-'));
  const hint = 'apt-get install postgresql';
  const bin = postgresPrograms(hint);
  const password = join(folder, 'password');
  await writeFile(password, PASSWORD);
  const port = await freePort();
  let asUser = [];
  if (process.getuid() === 0) {
    // PostgreSQL does not run as root.
    const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'postgres'])).stdout)));
    for (const path of [folder, password]) await chown(path, uid, gid);
    asUser = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  }
  const data = join(folder, 'data');
  const [initdb, ...initdbArguments] = [
    ...asUser, join(bin, 'initdb'), '--pgdata', data, '--username', 'parjar', '--pwfile', password,
    '--auth', 'scram-sha-256', '--encoding', 'UTF8', '--no-sync',
  ];
  await run(initdb, initdbArguments, { cwd: folder });
  const settings = { port, listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off' };
  if (certificate) {
    // Its key must be its own.
    for (const [name, content] of Object.entries(certificate.content)) {
      const path = join(data, name);
      await writeFile(path, content, { mode: 0o600 });
      if (asUser.length > 0) await chown(path, Number(asUser[1].split('=')[1]), Number(asUser[2].split('=')[1]));
    }
    Object.assign(settings, { ssl: 'on', ssl_cert_file: 'cert.pem', ssl_key_file: 'key.pem' });
  }
  const command = [
    ...asUser, join(bin, 'postgres'), '-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  const url = `postgres://parjar:${PASSWORD}@${certificate ? 'localhost' : '127.0.0.1'}:${port}/postgres`;
  // SIGINT: at once, without waiting for clients to go.
  const tell = (sql) => run(join(bin, 'psql'), [url, '--no-psqlrc', '--set', 'ON_ERROR_STOP=1', ...sql.split('; ').flatMap((one) => ['--command', one])]);
  return server({ url, port, folder, command, signal: 'SIGINT', hint, tell });
}

function postgresPrograms(hint) {
  const versions = '/usr/lib/postgresql';
  try {
    const newest = readdirSync(versions).sort((one, other) => Number(other) - Number(one))[0];
    return join(versions, newest, 'bin');
  } catch {
    throw new Error(`PostgreSQL is missing: ${hint}`);
  }
}

async function server({ url, port, folder, command, signal, hint, tell }) {
  let child;
  const kill = () => child?.kill('SIGKILL');
  process.once('exit', kill);

  async function start() {
    const [program, ...programArguments] = command;
    child = spawn(program, programArguments, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
    const failed = new Promise((resolve, reject) => {
      child.once('error', (error) => reject(new Error(`${program} does not start (${error.message}): ${hint}`)));
      child.once('exit', () => reject(new Error(`${program} has ended:\n${output}`)));
    });
    failed.catch(() => {});
    await Promise.race([failed, listening(port)]);
  }
  async function stop() {
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  await start();
  return {
    url,
    port,
    tell,
    stop,
    restart: start,
    async remove() {
      process.off('exit', kill);
      if (child.exitCode === null && child.signalCode === null) await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function listening(port) {
  const deadline = Date.now() + READY_MS;
  for (;;) {
    const socket = connect({ host: '127.0.0.1', port });
    const isListening = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (isListening) return;
    if (Date.now() > deadline) throw new Error(`nobody listens on port ${port}`);
    await sleep(20);
  }
}

export async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
