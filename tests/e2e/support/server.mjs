// Starts the example server named by PARJAR_EXAMPLE, or another one beside it, and stops it again.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';

const tested = process.env.PARJAR_EXAMPLE;
if (!tested) {
  throw new Error('PARJAR_EXAMPLE must hold the path of the built example, target/debug/examples/axum');
}

/** The path of a built example, by its name. */
const built = (example) => join(dirname(tested), example + extname(tested));

const STARTUP_MS = 30_000;
const FAILED_START_MS = 10_000;
const SHUTDOWN_MS = 10_000;
const LOGGED_MS = 20_000;

/** A running server with `url`; `stop` asserts a clean exit. */
export async function startServer(config, extraArguments = [], { example, env } = {}) {
  const file = config === undefined ? undefined : await configFile(config);
  const child = launch(['--listen', '127.0.0.1:0', ...(file ? ['--config', file.path] : []), ...extraArguments], { example, env });
  const url = await listeningUrl(child).finally(() => file?.remove());

  return {
    url,
    output: child.output,
    async stop(signal = 'SIGTERM') {
      assert.equal(child.process.exitCode, null, `the server ended by itself: ${child.output.stderr}`);
      child.process.kill(signal);
      const { code, endedBy } = await child.end(SHUTDOWN_MS);
      assert.deepEqual({ code, endedBy }, { code: 0, endedBy: null }, `after ${signal}: ${child.output.stderr}`);
      assert.doesNotMatch(child.output.stderr, /panicked/);
    },
  };
}

/** Waits until the log has this: a line is written when its answer may be here already. */
export async function logged(server, pattern) {
  const deadline = Date.now() + LOGGED_MS;
  while (!pattern.test(server.output.stderr)) {
    assert.ok(Date.now() < deadline, `${pattern} in: ${server.output.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Runs the server to its end; for starts that are expected to fail. */
export async function runServer(serverArguments, options = {}) {
  const child = launch(serverArguments, options);
  const { code } = await child.end(FAILED_START_MS);
  return { code, ...child.output };
}

/** A temporary configuration file; `content` is an object, or text taken as it is. */
export async function configFile(content) {
  const directory = await mkdtemp(join(tmpdir(), 'parjar-e2e-'));
  const path = join(directory, 'config.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return { path, remove: () => rm(directory, { recursive: true }) };
}

function launch(serverArguments, { example, env = {} }) {
  const process_ = spawn(example === undefined ? tested : built(example), serverArguments, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const output = { stdout: '', stderr: '' };
  process_.stdout.setEncoding('utf8').on('data', (text) => (output.stdout += text));
  process_.stderr.setEncoding('utf8').on('data', (text) => (output.stderr += text));
  const closed = once(process_, 'close').then(([code, endedBy]) => ({ code, endedBy }));

  // A failed test must not leave a server behind.
  const kill = () => process_.kill('SIGKILL');
  process.once('exit', kill);
  closed.then(() => process.off('exit', kill), () => {});

  return {
    process: process_,
    output,
    closed,
    async end(milliseconds) {
      const timer = setTimeout(kill, milliseconds);
      try {
        return await closed;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

async function listeningUrl(child) {
  const deadline = Date.now() + STARTUP_MS;
  const ended = child.closed.then(() => true);
  for (;;) {
    const line = /^listening on (\S+)\n/m.exec(child.output.stdout);
    if (line) return line[1].replace(/\/$/, '');
    const stopped = await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 10, false))]);
    if (stopped || Date.now() > deadline) {
      child.process.kill('SIGKILL');
      throw new Error(`no "listening on" line\nstdout: ${child.output.stdout}\nstderr: ${child.output.stderr}`);
    }
  }
}
