// What the playground shows of a refusal, the lines that repeat a step, and the bounds of what a visitor can make it do.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { Browser } from './support/browser.mjs';
import { launchChromium } from './support/chromium.mjs';
import { goTo, goToResource, openPlayground, wire } from './support/playground.mjs';
import { startServer } from './support/server.mjs';

const chromium = await launchChromium();
const server = await startServer();
after(async () => {
  await chromium.close();
  await server.stop();
});

const manual = await readFile(new URL('../../src/guide/refusals/table.md', import.meta.url), 'utf8');

/** The reason that a page shows, and whether its link leads to a place that the manual has. */
async function reason(page) {
  const [label, link] = await page.$eval('.refusal', (shown) => [shown.querySelector('code').textContent, shown.querySelector('a').href]);
  assert.equal(link, `https://docs.rs/parjar/latest/parjar/guide/refusals/index.html#${label}`);
  assert.ok(manual.includes(`<span id="${label}">`), label);
  return label;
}

describe('a refused push', () => {
  for (const [what, query, status, label] of [
    ['a request object that was changed', 'client=bank&mistake=object_tampered', 400, 'request_object_signature'],
    ['a request object that has expired', 'client=bank&mistake=object_expired', 400, 'request_object_expired'],
    ['a request object for another server', 'client=bank&mistake=object_audience', 400, 'request_object_audience'],
    ['a request object without a signature', 'client=bank&mistake=object_unsigned', 400, 'request_object_algorithm'],
    ['a wrong secret', 'mistake=secret', 401, 'wrong_secret'],
    ['a MAC for another server', 'client=mac&mistake=secret', 401, 'assertion_audience'],
    ['a redirect URI of the request, from a client that may have none', 'redirect_uri=https://tenants.example.com/orders/17', 400, 'redirect_uri_different'],
    ['a parameter that comes twice', 'further=response_mode%3Dquery&response_mode=query', 400, 'duplicate_parameter'],
  ]) {
    test(`of ${what} tells the operator why, with its place in the manual`, async (t) => {
      const { page } = await openPlayground(t, chromium, server, { query: `?${query}` });
      await goTo(page, '#push');
      assert.equal(await page.textContent('.status'), String(status));
      assert.equal(await reason(page), label);
      assert.equal(await page.$('#open'), null);
    });
  }

  test('tells nothing of the kind where a configuration is used', async (t) => {
    const own = await startServer({ policy: {} });
    t.after(() => own.stop());
    const { page } = await openPlayground(t, chromium, own, { query: '?mistake=secret' });
    await goTo(page, '#push');
    assert.equal(await page.textContent('.status'), '401');
    assert.equal(await page.$('.refusal'), null);
    assert.doesNotMatch(await wire(page), /wrong_secret/);
    assert.match(await wire(page), /Basic \(kept secret\)/);
    assert.equal(await page.$('[data-copy="the command"]'), null);

    // A secret in the body is kept as well, and a certificate of the process is no file to fetch.
    await page.goto(`${own.url}/?mistake=twice`);
    await page.check('label.client:has-text("client_secret_post") input');
    await goTo(page, '#push');
    assert.match(await wire(page), /client_secret=\(kept secret\)/);
    assert.equal((await fetch(`${own.url}/playground/playground.pem`)).status, 404);
  });
});

test('the page of a request that is refused when it is opened says nothing, and the run says why', async (t) => {
  const { page } = await openPlayground(t, chromium, server, { query: '?channel=url&client=bank&mistake=object_tampered' });
  await goTo(page, '#push');
  const run = page.url();
  await goTo(page, '#open');
  assert.equal(await page.textContent('code#error'), 'invalid_request_object');
  assert.doesNotMatch(await page.content(), /request_object_signature|docs\.rs/);
  await page.goto(run);
  assert.equal(await reason(page), 'request_object_signature');
});

test('a mistake that the client cannot make is named', async (t) => {
  const { page } = await openPlayground(t, chromium, server, { query: '?mistake=object_expired' });
  await goTo(page, '#push');
  assert.match(await wire(page), /201 Created[\s\S]*This client has no key/);
});

describe('the curl line of a step', () => {
  // Values that mean something to a shell.
  const further = `x-quotes='it''s'\nx-shell=$(echo no) \`echo no\` "$HOME" \\\nx-star=*?[a]{b,c}!~#`;

  for (const client of ['web', 'shop', 'mac', 'bank']) {
    test(`sends the same request of ${client} again`, async (t) => {
      const query = `?${new URLSearchParams({ client, further })}`;
      const { page } = await openPlayground(t, chromium, server, { query });
      await goTo(page, '#push');
      const line = await page.textContent('[data-copy="the command"]');
      const { stdout } = await promisify(execFile)('sh', ['-c', `${line} --silent`]);
      // An assertion is good once; a secret is good again, and the request with it another one.
      const isOnce = ['mac', 'bank'].includes(client);
      assert.match(stdout, isOnce ? /^HTTP\/1\.1 401 [\s\S]*invalid_client/ : /^HTTP\/1\.1 201 [\s\S]*request_uri:/, line);
    });
  }

  test('repeats a refused request with an assertion, and the use of a token', async (t) => {
    const { page } = await openPlayground(t, chromium, server, { query: '?client=bank&mistake=twice' });
    await goTo(page, '#push');
    const refused = await page.textContent('[data-copy="the command"]');
    assert.match((await promisify(execFile)('sh', ['-c', `${refused} --silent`])).stdout, /^HTTP\/1\.1 400 [\s\S]*invalid_request/);

    await page.goto(`${server.url}/`);
    await goTo(page, '#push');
    await goToResource(page);
    const used = await page.textContent('#latest [data-copy="the command"]');
    assert.match((await promisify(execFile)('sh', ['-c', `${used} --silent`])).stdout, /^HTTP\/1\.1 200 [\s\S]*"client_id":"web"/);
  });
});

test('a button copies the line', async (t) => {
  const { page, problems } = await openPlayground(t, chromium, server, { permissions: ['clipboard-read', 'clipboard-write'] });
  await goTo(page, '#push');
  await page.click('summary:has-text("curl")');
  await page.click('button[aria-label="Copy the command"]');
  await page.waitForSelector('#announcement:has-text("Copied: the command")', { state: 'attached' });
  const copied = await page.evaluate(() => globalThis.navigator.clipboard.readText());
  assert.equal(copied, await page.textContent('[data-copy="the command"]'));
  assert.deepEqual(problems, []);
});

test('the time that a step took and the end of the reference are there without a script', async (t) => {
  for (const javaScriptEnabled of [true, false]) {
    const { page } = await openPlayground(t, chromium, server, { javaScriptEnabled });
    await goTo(page, '#push');
    assert.match(await page.textContent('.took'), /^\d+(\.\d+)? ms$/);
    const text = javaScriptEnabled ? /^(valid for \d+ s|expired)$/ : /^valid until \d\d:\d\d:\d\d UTC$/;
    assert.match(await page.textContent('.countdown'), text);
  }
});

test('a run can be sent again with a change', async (t) => {
  const query = '?client=bank&sending=signed&scope=accounts&preset=fapi2_security_profile';
  const { page } = await openPlayground(t, chromium, server, { query });
  await page.fill('#further', 'x-note=a < b & "c"');
  await goTo(page, '#push');
  await goTo(page, '#again');
  assert.equal(await page.inputValue('#scope'), 'accounts');
  assert.equal(await page.inputValue('#sending'), 'signed');
  assert.equal(await page.inputValue('#further'), 'x-note=a < b & "c"');
  assert.equal(await page.textContent('[aria-current="page"]'), 'FAPI 2 Security Profile');
  await page.fill('#scope', 'payments');
  await goTo(page, '#push');
  assert.match(await wire(page), /"scope": "payments"[\s\S]*201 Created|201 Created[\s\S]*"scope": "payments"/);

  // To another browser, a run is none to repeat.
  const again = `?again=${new URL(page.url()).pathname.split('/').pop()}`;
  const stranger = await openPlayground(t, chromium, server, { query: again });
  assert.equal(await stranger.page.inputValue('#scope'), 'openid accounts');
});

describe('what a visitor sends to the playground', () => {
  /** The start page's form, sent by a browser that got it. */
  async function send(fields, headers = {}) {
    const browser = new Browser();
    const start = await browser.get(`${server.url}/`);
    const form = start.form();
    const csrf = form.fields.find(([name]) => name === 'csrf')[1];
    const reply = await browser.post(form.action, { csrf, preset: '', client: 'web', channel: 'pushed', ...fields }, headers);
    return { browser, reply };
  }

  test('is refused from another site, without its token, and for a client or server that is none', async () => {
    assert.equal((await send({})).reply.status, 303);
    assert.equal((await send({}, { origin: 'https://evil.example.com' })).reply.status, 400);
    assert.equal((await send({ csrf: 'x' })).reply.status, 400);
    assert.equal((await send({ client: 'nobody' })).reply.status, 400);
    assert.equal((await send({ preset: '../x' })).reply.status, 400);
  });

  test('is bounded: what is too long is cut where it is shown', async () => {
    const { browser, reply } = await send({ further: `x-long=${'y'.repeat(60_000)}`, scope: 'z'.repeat(60_000) });
    assert.ok([303, 400].includes(reply.status), String(reply.status));
    const long = await send({ further: `x-long=${'y'.repeat(30_000)}` });
    assert.equal(long.reply.status, 303);
    const shown = await long.browser.get(long.reply.location.href);
    assert.equal(shown.status, 200);
    assert.ok(shown.html.length < 200_000, `${shown.html.length}`);
    assert.ok(browser);
  });

  test('stays text on every page', async () => {
    const evil = '"><script src=x></script><img src=x onerror=alert(1)>';
    const fields = { scope: evil, redirect_uri: evil, further: `x=${evil}\n${evil}=x`, max_age: evil, prompt: evil, mistake: evil };
    const { browser, reply } = await send({ ...fields, response_mode: evil, sending: evil, algorithm: evil });
    const shown = await browser.get(reply.location.href);
    const run = new URL(reply.location.href).pathname.split('/').pop();
    const again = await browser.get(`${server.url}/?again=${run}`);
    const prefilled = await browser.get(`${server.url}/?${new URLSearchParams({ ...fields, client: evil })}`);
    const unknown = await browser.get(`${server.url}/playground/callback?${new URLSearchParams({ state: evil, code: evil })}`);
    for (const { html, headers } of [shown, again, prefilled, unknown]) {
      assert.ok(html.includes('&lt;script'), html);
      assert.doesNotMatch(html, /<script src=x|<img src=x/);
      const policy = headers.get('content-security-policy');
      assert.match(policy, /^default-src 'none';/);
      assert.doesNotMatch(policy, /unsafe|\*|data:|https?:/);
      assert.doesNotMatch(html, / style=| on\w+=(?!alert)|<script(?! src="\/playground\/playground\.js" defer><\/script>)/);
    }
  });

  test('makes the server speak to nothing but itself', async (t) => {
    const seen = [];
    const outside = createServer((request, response) => {
      seen.push(request.url);
      response.end();
    });
    outside.listen(0, '127.0.0.1');
    await once(outside, 'listening');
    t.after(() => outside.close());
    const url = `http://127.0.0.1:${outside.address().port}/x`;
    const further = ['request_uri', 'jwks_uri', 'client_metadata_uri', 'sector_identifier_uri', 'resource'].map((name) => `${name}=${url}`);
    for (const fields of [{ redirect_uri: url }, { further: further.join('\n') }, { client: 'bank', sending: 'signed', further: further.join('\n') }]) {
      for (const channel of ['pushed', 'url']) {
        const { browser, reply } = await send({ ...fields, channel });
        assert.equal(reply.status, 303);
        const shown = await browser.get(reply.location.href);
        const open = /id="open" href="([^"]*)"/.exec(shown.html);
        if (open) await browser.get(new URL(open[1].replaceAll('&amp;', '&'), server.url).href);
      }
    }
    assert.deepEqual(seen, []);
  });
});
