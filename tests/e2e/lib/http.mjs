// A visitor without a browser: cookies, forms with their CSRF token, nothing else. Redirects are followed by hand,
// so that a test sees each answer.
import http from 'node:http';

const unescape = (s) => s.replace(/&(amp|lt|gt|quot|#39|#x27);/g,
  (m, n) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'" })[n]);

const attributes = (tag) => Object.fromEntries(
  [...tag.matchAll(/([\w-]+)(?:="([^"]*)")?/g)].slice(1).map((m) => [m[1], unescape(m[2] ?? '')]));

// The forms of a page: where they go and what they send when nothing is filled in.
export function forms(html) {
  return [...html.matchAll(/<form\b[^>]*>[\s\S]*?<\/form>/g)].map(([text]) => {
    const { action = '', method = 'get' } = attributes(text.match(/<form\b[^>]*>/)[0]);
    const fields = {};
    for (const [tag] of text.matchAll(/<input\b[^>]*>/g)) {
      const a = attributes(tag);
      if (!a.name || a.type === 'submit' || a.type === 'file') continue;
      if ((a.type === 'checkbox' || a.type === 'radio') && !('checked' in a)) continue;
      fields[a.name] = a.value ?? '';
    }
    for (const m of text.matchAll(/<textarea\b([^>]*)>([\s\S]*?)<\/textarea>/g))
      fields[attributes(`<textarea ${m[1]}>`).name] = unescape(m[2]);
    for (const m of text.matchAll(/<select\b([^>]*)>([\s\S]*?)<\/select>/g)) {
      const chosen = m[2].match(/<option\b[^>]*\bselected\b[^>]*>/) ?? m[2].match(/<option\b[^>]*>/);
      if (chosen) fields[attributes(`<select ${m[1]}>`).name] = attributes(chosen[0]).value;
    }
    return { action, method: method.toLowerCase(), fields, text };
  });
}

export class Http {
  constructor(base, headers = {}) {
    this.base = new URL(base);
    this.headers = headers;
    this.cookies = new Map();
    this.page = '';
  }

  // One request, one answer: { status, headers, text, location, bytes }.
  request(method, path, { headers = {}, body } = {}) {
    const cookie = [...this.cookies].map(([k, v]) => `${k}=${v}`).join('; ');
    const all = { ...this.headers, ...(cookie && { cookie }), ...headers };
    if (body !== undefined && !all['transfer-encoding']) all['content-length'] = Buffer.byteLength(body);
    return new Promise((resolve, reject) => {
      const req = http.request({ host: this.base.hostname, port: this.base.port, method, path, headers: all, agent: false }, (res) => {
        const parts = [];
        res.on('data', (p) => parts.push(p));
        res.on('error', reject);
        res.on('end', () => {
          for (const line of res.headers['set-cookie'] ?? []) this.#keep(line);
          const bytes = Buffer.concat(parts);
          const answer = { status: res.statusCode, headers: res.headers, bytes, text: bytes.toString(), location: res.headers.location };
          if (/text\/html/.test(res.headers['content-type'] ?? '')) this.page = answer.text;
          resolve(answer);
        });
      });
      req.setTimeout(30_000, () => req.destroy(new Error(`no answer within 30 s: ${method} ${path}`)));
      req.on('error', reject);
      req.end(body);
    });
  }

  #keep(line) {
    const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
    if (/max-age=0|expires=Thu, 01 Jan 1970/i.test(line) || value === '') this.cookies.delete(name);
    else this.cookies.set(name, value);
  }

  get(path, options) {
    return this.request('GET', path, options);
  }

  post(path, fields, options = {}) {
    return this.request('POST', path, {
      ...options,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...options.headers },
      body: new URLSearchParams(fields).toString(),
    });
  }

  // The form of the last page that goes to `action` (a string or pattern), with its hidden fields.
  form(action) {
    const found = forms(this.page).find((f) => (action instanceof RegExp ? action.test(f.action) : f.action === action));
    if (!found) throw new Error(`the page has no form to ${action}; it has: ${forms(this.page).map((f) => f.action).join(' ') || 'none'}`);
    return found;
  }

  // Fills that form and sends it as a browser without script would.
  submit(action, fields = {}) {
    const f = this.form(action);
    return this.post(f.action, { ...f.fields, ...fields });
  }

  // With files: { name: { filename, type, bytes } }.
  submitFiles(action, fields, files) {
    const f = this.form(action);
    const border = `----gongzhi${Math.random().toString(36).slice(2)}`;
    const parts = [];
    for (const [k, v] of Object.entries({ ...f.fields, ...fields }))
      parts.push(`--${border}\r\nContent-Disposition: form-data; name="${k}"\r\n\r\n${v}\r\n`);
    for (const [k, v] of Object.entries(files))
      parts.push(`--${border}\r\nContent-Disposition: form-data; name="${k}"; filename="${v.filename}"\r\n` +
        `Content-Type: ${v.type}\r\n\r\n`, v.bytes, '\r\n');
    parts.push(`--${border}--\r\n`);
    return this.request('POST', f.action, {
      headers: { 'content-type': `multipart/form-data; boundary=${border}` },
      body: Buffer.concat(parts.map((p) => Buffer.from(p))),
    });
  }

  async follow(answer) {
    for (let i = 0; i < 5 && answer.status >= 300 && answer.status < 400; i++) answer = await this.get(answer.location);
    return answer;
  }

  async login(login, password) {
    await this.get('/login');
    return this.submit('/login', { login, password });
  }
}
