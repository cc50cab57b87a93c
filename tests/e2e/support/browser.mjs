// As much of a browser as the pages need: cookies, forms, no redirects followed.

export class Browser {
  #cookies = new Map();
  #fetch;

  /** `fetch` is for servers whose certificate no authority vouches for. */
  constructor(fetch = globalThis.fetch) {
    this.#fetch = fetch;
  }

  get(url) {
    return this.#request('GET', url);
  }

  head(url) {
    return this.#request('HEAD', url);
  }

  post(url, fields, headers = {}) {
    const body = new URLSearchParams(fields).toString();
    return this.#request('POST', url, { ...headers, 'content-type': 'application/x-www-form-urlencoded' }, body);
  }

  /** Sends the page's form as the button with this decision would; `change` may alter the fields first. */
  decide(page, decision, change = (fields) => fields) {
    const { action, fields } = page.form();
    return this.post(action, [...change(fields), ['decision', decision]], { origin: new URL(page.url).origin });
  }

  async #request(method, url, headers = {}, body = undefined) {
    const cookie = [...this.#cookies]
      .filter(([, { path }]) => new URL(url).pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');
    const response = await this.#fetch.call(undefined, url, {
      method,
      body,
      headers: cookie ? { ...headers, cookie } : headers,
      redirect: 'manual',
    });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    return new Page(String(url), response, await response.text());
  }

  #keep(line) {
    const { name, value, attributes } = parseSetCookie(line);
    if (attributes.get('max-age') === '0') this.#cookies.delete(name);
    else this.#cookies.set(name, { value, path: attributes.get('path') ?? '/' });
  }
}

export class Page {
  constructor(url, response, html) {
    this.url = url;
    this.status = response.status;
    this.headers = response.headers;
    this.html = html;
  }

  /** The OAuth error code of a refusal page. */
  get error() {
    return /<code id="error">([^<]*)<\/code>/.exec(this.html)?.[1];
  }

  get location() {
    const location = this.headers.get('location');
    return location === null ? undefined : new URL(location, this.url);
  }

  /** The parameters of the redirect's query. */
  get response() {
    return Object.fromEntries(this.location?.searchParams ?? []);
  }

  /** The only form of the page. */
  form() {
    const forms = [...this.html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)];
    if (forms.length !== 1) throw new Error(`${forms.length} forms instead of one, status ${this.status}: ${this.html}`);
    const [, start, content] = forms[0];
    const { action = '', method = 'get' } = attributesOf(start);
    const inputs = [...content.matchAll(/<input\b([^>]*)>/gi)].map(([, text]) => attributesOf(text));
    return {
      action: new URL(action || this.url, this.url).href,
      method: method.toLowerCase(),
      inputs,
      fields: inputs.filter(({ type }) => type === 'hidden').map(({ name, value = '' }) => [name, value]),
      buttons: [...content.matchAll(/<button\b([^>]*)>/gi)].map(([, text]) => attributesOf(text)),
    };
  }
}

export function parseSetCookie(line) {
  const [pair, ...rest] = line.split(';').map((part) => part.trim());
  const split = (text) => [text.split('=', 1)[0], text.slice(text.indexOf('=') + 1)];
  const [name, value] = split(pair);
  return { name, value, attributes: new Map(rest.map(split).map(([key, text]) => [key.toLowerCase(), text])) };
}

function attributesOf(text) {
  const found = text.matchAll(/([\w-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g);
  return Object.fromEntries([...found].map(([, name, a, b, c]) => [name.toLowerCase(), unescape(a ?? b ?? c ?? '')]));
}

function unescape(text) {
  const named = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex) return String.fromCodePoint(parseInt(hex, 16));
    if (decimal) return String.fromCodePoint(parseInt(decimal, 10));
    return named[name] ?? whole;
  });
}
