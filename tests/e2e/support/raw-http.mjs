// HTTP/1 by hand, for requests that no client library would send and answers as they are.

import { connect } from 'node:net';

/** How long a server may say nothing. */
const SILENCE_MS = 15_000;

/** Sends these bytes over one connection, each piece when the one before is being answered, and reads until the server closes it: the answers, 100 Continue aside. */
export async function exchange(url, pieces, { end = false } = {}) {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port, allowHalfOpen: true });
  const received = [];
  const outcome = await new Promise((resolve) => {
    socket.setTimeout(SILENCE_MS, () => resolve('silence'));
    const rest = [pieces].flat();
    const next = () => rest.length > 0 && socket.write(rest.shift());
    socket.on('data', (data) => {
      received.push(data);
      next();
    });
    socket.on('end', () => resolve('end'));
    socket.on('error', (error) => resolve(error.code));
    next();
    if (end) socket.end();
  });
  socket.destroy();
  return { outcome, answers: parse(Buffer.concat(received).toString('latin1')) };
}

function parse(text) {
  const answers = [];
  let rest = text;
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) throw new Error(`half an answer: ${JSON.stringify(rest)}`);
    const [status, ...lines] = rest.slice(0, end).split('\r\n');
    const headers = lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
    rest = rest.slice(end + 4);
    if (/^HTTP\/1\.1 100 /.test(status)) continue;
    // An answer to HEAD has a length and no body.
    const length = rest.startsWith('HTTP/1.') ? 0 : Number(headers.find(([name]) => name === 'content-length')?.[1] ?? 0);
    answers.push({ status, headers, body: rest.slice(0, length) });
    rest = rest.slice(length);
  }
  return answers;
}
