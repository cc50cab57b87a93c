import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { launchChromium, openPage, screenshot } from './support/chromium.mjs';
import { form, frame, link, startClientSite } from './support/client-site.mjs';
import { authorizeUrl, pushed, redeem, requestOf, web } from './support/oauth.mjs';
import { startServer } from './support/server.mjs';

const site = await startClientSite();
const client = { ...web, redirect_uris: [site.redirectUri] };
const server = await startServer({ clients: [client] });
const chromium = await launchChromium();
after(async () => {
  await chromium.close();
  await site.stop();
  await server.stop();
});

for (const javaScriptEnabled of [true, false]) {
  const script = javaScriptEnabled ? 'with script' : 'without script';

  test(`a person reloads, goes back and approves, ${script}`, async (t) => {
    const { page, problems } = await openPage(t, chromium, { javaScriptEnabled });
    const request = await pushed(server, client);
    await page.goto(request.url);
    await page.reload();
    await page.goto(`${server.url}/`);
    await page.goBack();
    await screenshot(page, `sign-in-${javaScriptEnabled ? 'script' : 'no-script'}`);
    await page.click('#approve');
    await page.waitForSelector('#arrived');

    const [{ method, headers, parameters }] = site.received();
    const { code, ...rest } = parameters;
    assert.equal(method, 'GET');
    assert.equal(headers.referer, undefined);
    assert.deepEqual(rest, { state: request.parameters.state, iss: server.url });
    assert.equal((await redeem(server, client, { ...request, code })).status, 200);
    assert.deepEqual(problems, []);
  });

  test(`a person denies, and the link is of no more use, ${script}`, async (t) => {
    const { page } = await openPage(t, chromium, { javaScriptEnabled });
    const request = await pushed(server, client);
    await page.goto(request.url);
    await page.click('#deny');
    await page.waitForSelector('#arrived');
    assert.equal(site.received()[0].parameters.error, 'access_denied');

    await page.goto(request.url);
    assert.equal(await page.textContent('code#error'), 'invalid_request_uri');
    await screenshot(page, `refusal-${javaScriptEnabled ? 'script' : 'no-script'}`);
  });

  test(`form_post carries the response to the client, ${script}`, async (t) => {
    const { page } = await openPage(t, chromium, { javaScriptEnabled });
    const request = await pushed(server, client, { response_mode: 'form_post' });
    await page.goto(request.url);
    await page.click('#approve');
    // Without script the person sends the form on.
    if (!javaScriptEnabled) await page.click('form :is(button, input[type="submit"])');
    await page.waitForSelector('#arrived');

    const [{ method, parameters }] = site.received();
    const { code, ...rest } = parameters;
    assert.equal(method, 'POST');
    assert.deepEqual(rest, { state: request.parameters.state, iss: server.url });
    assert.equal((await redeem(server, client, { ...request, code })).status, 200);
  });

  test(`plain parameters lead to the same sign-in, ${script}`, async (t) => {
    const { page } = await openPage(t, chromium, { javaScriptEnabled });
    const { parameters, verifier } = requestOf(client, { state: 'quotes " and <tags> & more' });
    await page.goto(authorizeUrl(server, { client_id: client.client_id, ...parameters }));
    await page.click('#approve');
    await page.waitForSelector('#arrived');

    const [{ parameters: response }] = site.received();
    assert.equal(response.state, parameters.state);
    assert.equal((await redeem(server, client, { code: response.code, parameters, verifier })).status, 200);
  });
}

test('another browser profile is refused, and the first one still decides', async (t) => {
  const first = await openPage(t, chromium);
  const second = await openPage(t, chromium);
  const request = await pushed(server, client);
  await first.page.goto(request.url);
  await second.page.goto(request.url);
  assert.equal(await second.page.textContent('code#error'), 'invalid_request_uri');

  await first.page.click('#approve');
  await first.page.waitForSelector('#arrived');
  assert.ok(site.received()[0].parameters.code);
});

test('a link on another site opens the page, and opens it again for the same browser', async (t) => {
  const { page } = await openPage(t, chromium);
  const request = await pushed(server, client);
  const shop = site.serve('/shop', link(request.url));
  for (let visit = 0; visit < 2; visit += 1) {
    await page.goto(shop);
    await page.click('#go');
    await page.waitForSelector('#approve');
  }
  await page.click('#approve');
  await page.waitForSelector('#arrived');
  assert.ok(site.received()[0].parameters.code);
});

for (const [what, parametersOf] of [
  ['a pushed request', async () => pushed(server, client).then(({ request_uri }) => ({ request_uri }))],
  ['plain parameters', async () => requestOf(client).parameters],
]) {
  test(`a form on another site posts ${what}, and the page that answers can be reloaded`, async (t) => {
    const { page } = await openPage(t, chromium);
    const parameters = { client_id: client.client_id, ...(await parametersOf()) };
    await page.goto(site.serve('/posting', form(`${server.url}/authorize`, parameters)));
    await page.click('#go');
    await page.waitForSelector('#approve');
    await page.reload();
    await page.click('#approve');
    await page.waitForSelector('#arrived');
    assert.ok(site.received()[0].parameters.code);
  });
}

test('the sign-in page does not appear in a frame of another site', async (t) => {
  const { page, problems } = await openPage(t, chromium);
  const request = await pushed(server, client);
  await page.goto(site.serve('/framing', frame(request.url)));

  assert.equal(await page.frameLocator('#frame').locator('#approve').count(), 0);
  assert.ok(problems.some((problem) => problem.includes('frame-ancestors')), problems.join('\n'));
});

test('the sign-in page fits a phone', async (t) => {
  const { page } = await openPage(t, chromium, { viewport: { width: 360, height: 740 } });
  const request = await pushed(server, client, { scope: 'openid accounts' });
  await page.goto(request.url);
  await screenshot(page, 'sign-in-phone');

  const width = await page.evaluate(() => globalThis.document.documentElement.scrollWidth);
  assert.ok(width <= 360, `${width} px wide`);
});
