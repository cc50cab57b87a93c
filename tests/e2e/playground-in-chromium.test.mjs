import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { launchChromium, openPage, screenshot } from './support/chromium.mjs';
import { goTo, openPlayground as openAt, wire } from './support/playground.mjs';
import { startServer } from './support/server.mjs';

const server = await startServer();
const chromium = await launchChromium();
after(async () => {
  await chromium.close();
  await server.stop();
});

const openPlayground = (t, options) => openAt(t, chromium, server, options);

async function clients(page) {
  return page.$$eval('input[name="client"]', (inputs) => inputs.map(({ value }) => value));
}

for (const javaScriptEnabled of [true, false]) {
  const suffix = javaScriptEnabled ? 'script' : 'no-script';

  describe(`the playground, ${javaScriptEnabled ? 'with script' : 'without script'}`, () => {
    test('leads from the push to the token and to the refusals of a second use', async (t) => {
      const { page, problems } = await openPlayground(t, { javaScriptEnabled });
      await screenshot(page, `playground-start-${suffix}`);
      await goTo(page, '#push');
      assert.match(await wire(page), /POST \/authorize\/par[\s\S]*201 Created[\s\S]*urn:ietf:params:oauth:request_uri:/);
      await screenshot(page, `playground-pushed-${suffix}`);

      await goTo(page, '#open');
      assert.match(page.url(), /\/authorize\?client_id=[^&]+&request_uri=[^&]+$/);
      await goTo(page, '#approve');
      assert.match(await wire(page), /\bcode=/);

      await goTo(page, '#redeem');
      assert.match(await wire(page), /POST \/token[\s\S]*200 OK[\s\S]*access_token/);
      await goTo(page, '#resource');
      assert.match(await wire(page), /GET \/resource[\s\S]*200 OK[\s\S]*"request"/);
      await screenshot(page, `playground-token-${suffix}`);
      assert.deepEqual(problems, []);

      await goTo(page, '#redeem-again');
      assert.match(await wire(page), /invalid_grant/);
      await goTo(page, '#resource');
      assert.match(await wire(page), /401 Unauthorized[\s\S]*invalid_token/);
      await screenshot(page, `playground-code-reused-${suffix}`);

      await goTo(page, '#open');
      assert.equal(await page.textContent('code#error'), 'invalid_request_uri');
      await screenshot(page, `playground-request-uri-reused-${suffix}`);
    });

    test('takes every client of the demo through to a token', async (t) => {
      const { page } = await openPlayground(t, { javaScriptEnabled });
      const names = await clients(page);
      assert.ok(names.length > 1);
      for (const name of names) {
        await page.goto(`${server.url}/`);
        await page.check(`input[name="client"][value="${name}"]`);
        await goTo(page, '#push');
        await goTo(page, '#open');
        await goTo(page, '#approve');
        await goTo(page, '#redeem');
        assert.match(await wire(page), /access_token/, name);
      }
    });

    for (const [sending, decoded] of [
      ['signed', /"typ": "oauth-authz-req\+jwt"[\s\S]*"alg": "ES256"[\s\S]*"aud"[\s\S]*"max_age": 300/],
      ['encrypted', /"enc": "[\s\S]*"alg": "ECDH-ES"[\s\S]*"alg": "ES256"[\s\S]*"max_age": 300/],
    ]) {
      test(`pushes a request that is ${sending}, and shows what is in the token`, async (t) => {
        const { page, problems } = await openPlayground(t, { javaScriptEnabled });
        await page.check('input[name="client"][value="bank"]');
        await page.selectOption('#sending', sending);
        await page.fill('#max_age', '300');
        await page.fill('#further', 'resource=https://a.example.com/\nauthorization_details=[{"type":"payment","amount":12.50}]');
        await screenshot(page, `playground-start-${sending}-${suffix}`);
        await goTo(page, '#push');
        assert.match(await wire(page), /client_id=bank&request=eyJ[\s\S]*client_assertion=eyJ[\s\S]*201 Created/);
        assert.match(await wire(page), decoded);
        await screenshot(page, `playground-pushed-${sending}-${suffix}`);

        await goTo(page, '#open');
        await goTo(page, '#approve');
        await goTo(page, '#redeem');
        await goTo(page, '#resource');
        const shown = JSON.parse(/\{"client_id".*\}/.exec(await page.textContent('#latest'))[0]);
        assert.equal(shown.client_id, 'bank');
        assert.equal(shown.request.max_age, 300);
        assert.deepEqual(shown.request.resource, ['https://a.example.com/']);
        assert.match(await page.textContent('#latest'), /"amount":12\.50/);
        await screenshot(page, `playground-token-${sending}-${suffix}`);
        assert.deepEqual(problems, []);
      });
    }

    test('sends the form of a client without a key, whatever is chosen', async (t) => {
      const { page } = await openPlayground(t, { javaScriptEnabled });
      await page.selectOption('#sending', 'encrypted');
      await goTo(page, '#push');
      assert.match(await wire(page), /response_type=code[\s\S]*201 Created/);
    });

    test('shows a denial', async (t) => {
      const { page } = await openPlayground(t, { javaScriptEnabled });
      await goTo(page, '#push');
      await goTo(page, '#open');
      await goTo(page, '#deny');
      assert.match(await wire(page), /access_denied/);
      assert.equal(await page.$('#redeem'), null);
    });

    test('takes the response of form_post', async (t) => {
      const { page } = await openPlayground(t, { javaScriptEnabled });
      await page.selectOption('#response_mode', 'form_post');
      await goTo(page, '#push');
      await goTo(page, '#open');
      await page.click('#approve');
      if (!javaScriptEnabled) await page.click('form :is(button, input[type="submit"])');
      await page.waitForSelector('#redeem');
      await goTo(page, '#redeem');
      assert.match(await wire(page), /access_token/);
    });

    test('shows login_required for prompt=none', async (t) => {
      const { page } = await openPlayground(t, { javaScriptEnabled });
      await page.selectOption('#prompt', 'none');
      await goTo(page, '#push');
      await goTo(page, '#open');
      assert.match(await wire(page), /login_required/);
    });

    for (const [what, choose, expected] of [
      [
        'an assertion for another server',
        async (page) => {
          await page.check('input[name="client"][value="bank"]');
          await page.selectOption('#mistake', 'secret');
        },
        /401 Unauthorized[\s\S]*invalid_client/,
      ],
      [
        'a claim that is there twice',
        async (page) => {
          await page.check('input[name="client"][value="bank"]');
          await page.selectOption('#sending', 'signed');
          await page.selectOption('#mistake', 'twice');
        },
        /400 Bad Request[\s\S]*invalid_request_object/,
      ],
      ['a wrong secret', (page) => page.selectOption('#mistake', 'secret'), /401 Unauthorized[\s\S]*invalid_client/],
      ['a parameter sent twice', (page) => page.selectOption('#mistake', 'twice'), /400 Bad Request[\s\S]*invalid_request/],
      ['a request_uri in the push', (page) => page.selectOption('#mistake', 'request_uri'), /400 Bad Request[\s\S]*invalid_request/],
      ['another method', (page) => page.selectOption('#mistake', 'method'), /405 Method Not Allowed/],
      [
        'an unregistered redirect URI',
        (page) => page.fill('#redirect_uri', 'https://evil.example.com/cb'),
        /400 Bad Request[\s\S]*invalid_request/,
      ],
    ]) {
      test(`shows the refusal of ${what}, and no link to follow`, async (t) => {
        const { page } = await openPlayground(t, { javaScriptEnabled });
        await choose(page);
        await goTo(page, '#push');
        assert.match(await wire(page), expected);
        assert.equal(await page.$('#open'), null);
      });
    }
  });
}

test('what a visitor types into the playground stays text', async (t) => {
  const { page, problems } = await openPlayground(t);
  await page.fill('#further', 'x-unknown="><img src=x onerror=alert(1)>\nresource=https://a.example.com/\nresource=https://b.example.com/');
  page.on('dialog', () => assert.fail('a script ran'));
  await goTo(page, '#push');
  assert.ok((await page.textContent('main')).includes('"><img src=x onerror=alert(1)>'));
  assert.equal(await page.$('main img'), null);
  await goTo(page, '#open');
  await goTo(page, '#approve');
  await goTo(page, '#redeem');
  await goTo(page, '#resource');
  assert.match(await wire(page), /"resource":\s*\["https:\/\/a\.example\.com\/",\s*"https:\/\/b\.example\.com\/"\]/);
  assert.deepEqual(problems, []);
});

test('another browser sees nothing of a run', async (t) => {
  const { page } = await openPlayground(t);
  await goTo(page, '#push');
  const stranger = await openPlayground(t);
  await stranger.page.goto(page.url());
  assert.ok(!(await stranger.page.content()).includes('urn:ietf:params:oauth:request_uri:'));
});

test("the playground's client of a configuration signs and encrypts too, where that is required", async (t) => {
  const strict = await startServer({ policy: { require_signed_request_object: true, require_encrypted_request_object: true } });
  t.after(() => strict.stop());
  const { page } = await openPage(t, chromium);
  await page.goto(`${strict.url}/`);
  await page.selectOption('#sending', 'encrypted');
  await goTo(page, '#push');
  assert.match(await wire(page), /Basic \(kept secret\)[\s\S]*201 Created/);
  await goTo(page, '#open');
  await goTo(page, '#approve');
  await goTo(page, '#redeem');
  assert.match(await wire(page), /access_token/);
});

test('the playground fits a phone', async (t) => {
  const { page } = await openPlayground(t, { viewport: { width: 360, height: 740 } });
  await screenshot(page, 'playground-phone-start');
  const width = () => page.evaluate(() => globalThis.document.documentElement.scrollWidth);
  assert.ok((await width()) <= 360, `${await width()} px wide`);
  await page.check('input[name="client"][value="bank"]');
  await page.selectOption('#sending', 'encrypted');
  await goTo(page, '#push');
  await screenshot(page, 'playground-phone-pushed');
  assert.ok((await width()) <= 360, `${await width()} px wide`);
});
