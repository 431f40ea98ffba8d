import { createHash, randomBytes } from 'node:crypto';
import type { Answer, TestApi } from '../api.fixture.ts';

/** The app of these tests, as it is registered in test mode. */
export const APP = {
  id: 'kronus-console',
  redirectUri: 'http://localhost:3900/app/callback',
} as const;

const ENTITIES: Record<string, string> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};
const unescape = (text: string) => text.replace(/&[#\w]+;/g, (entity) => ENTITIES[entity] ?? entity);

/** A browser: it keeps cookies, reads forms from pages and posts them. */
export class Browser {
  readonly cookies = new Map<string, string>();
  /** The `Set-Cookie` headers that it was given, as they were. */
  readonly given: string[] = [];

  constructor(private readonly api: TestApi) {}

  get(url: string): Promise<Answer> {
    return this.#call('GET', url);
  }

  /** Follows the link with these words. */
  follow(page: Answer, words: string): Promise<Answer> {
    const links = [...page.text.matchAll(/<a href="([^"]+)">([^<]+)<\/a>/g)];
    const href = links.find(([, , text]) => text === words)?.[1];
    if (href === undefined) throw new Error(`no link "${words}" in: ${page.text}`);
    return this.get(unescape(href));
  }

  /** Goes on to where an answer leads. @throws Error when it leads to another site */
  goOn({ status, headers, text }: Answer): Promise<Answer> {
    const location = String(headers['location']);
    if (status !== 303 || !/^\/(?!\/)/.test(location)) throw new Error(`${status} ${location} ${text}`);
    return this.get(location);
  }

  /** Posts the form of a page with these fields filled in, and those that were; one given as null is left out. */
  submit(page: Answer, fields: Record<string, string | null>, headers = {}): Promise<Answer> {
    const action = /<form method="post" action="([^"]+)"/.exec(page.text)?.[1];
    if (!action) throw new Error(`no form in: ${page.text}`);
    const filled = [...page.text.matchAll(/<input [^>]*name="([^"]+)"[^>]* value="([^"]*)"/g)].map(
      ([, name, value]) => [name!, unescape(value!)] as const,
    );
    const all = { ...Object.fromEntries(filled), ...fields };
    const form = Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== null);
    return this.#call('POST', action, new URLSearchParams(form).toString(), headers);
  }

  async #call(method: string, url: string, body?: string, headers = {}): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await this.api.call(method, url, {
      headers: {
        accept: 'text/html,application/xhtml+xml',
        ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...(cookie !== '' && { cookie }),
        ...headers,
      },
      ...(body !== undefined && { body }),
    });
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
      this.given.push(String(line));
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(String(line))!;
      if (/Max-Age=0/.test(String(line))) this.cookies.delete(name!);
      else this.cookies.set(name!, value!);
    }
    return answer;
  }
}

/** One attempt of an app to have somebody logged in, with a verifier of its own. */
export class Attempt {
  readonly verifier = randomBytes(32).toString('base64url');
  readonly state = randomBytes(8).toString('base64url');

  /** The address that the app sends the browser to; `change` adds, replaces or (null) leaves out parameters. */
  url(change: Record<string, string | null> = {}): string {
    const parameters = {
      client_id: APP.id,
      redirect_uri: APP.redirectUri,
      response_type: 'code',
      scope: 'openid',
      state: this.state,
      code_challenge: createHash('sha256').update(this.verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...change,
    };
    const given = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== null);
    return `/oauth2/authorize?${new URLSearchParams(given).toString()}`;
  }

  /** What the app gets tokens with for a code. */
  redemption(code: string, change: Record<string, string> = {}): Record<string, string> {
    return {
      grant_type: 'authorization_code',
      client_id: APP.id,
      code,
      redirect_uri: APP.redirectUri,
      code_verifier: this.verifier,
      ...change,
    };
  }
}

/** The parameters that an answer sends back to the app. @throws Error when it leads elsewhere */
export function sentBack({ status, headers, text }: Answer, to: string = APP.redirectUri): URLSearchParams {
  const location = String(headers['location']);
  if (status !== 303 || !location.startsWith(`${to}?`)) throw new Error(`${status} ${location} ${text}`);
  return new URL(location).searchParams;
}

/** Posts a form as an app does. */
export const post = (
  api: TestApi,
  path: string,
  form: Record<string, string>,
  headers = {},
): Promise<Answer> =>
  api.call('POST', path, {
    body: new URLSearchParams(form).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  });
