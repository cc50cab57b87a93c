// Keys and tokens by joserfc, a Python library that shares no code with anything else here.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const python = fileURLToPath(new URL('../.venv/bin/python', import.meta.url));
const script = fileURLToPath(new URL('joserfc_jobs.py', import.meta.url));

/** Does these jobs, see the script. */
export async function joserfc(jobs) {
  // It warns of EdDSA, the older name of Ed25519, which clients use all the same.
  const child = spawn(python, ['-W', 'ignore', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  child.stdin.end(JSON.stringify(jobs));
  const output = await text(child.stdout);
  const [code] = await ended;
  if (code !== 0) throw new Error(`${script} ended with ${code}`);
  return JSON.parse(output);
}
