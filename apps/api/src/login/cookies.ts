import { randomBytes } from 'node:crypto';
import { digestOf, isSecret } from '#libs/security/secret';

/** The cookies that the pages keep in a browser, as a request brought them; null when it did not. */
export interface BrowserCookies {
  /** Begun with a log-in; stands for the session. */
  session: string | null;
  /** Begun with a form; proves that what is posted was filled in on our page, in this browser. */
  form: string | null;
}

/** Injects the `CookieJar`. */
export const COOKIE_JAR = Symbol('COOKIE_JAR');

const FORM_VALUE = /^[\w-]{43}$/;

/**
 * Reads and writes the cookies of the pages. Scripts do not see them and other sites' forms do not send them
 * (`HttpOnly`, `SameSite=Lax`: a link from an app still does, to the page that asks who is logged in). With HTTPS their
 * names say `__Host-`, so that nobody but this very host can set them. Source: RFC 6265bis, section 4.1.3.
 */
export class CookieJar {
  readonly #prefix: string;
  readonly #attributes: string;

  constructor(publicUrl: string) {
    const isHttps = publicUrl.startsWith('https://');
    this.#prefix = isHttps ? '__Host-kronus_' : 'kronus_';
    this.#attributes = `; Path=/; HttpOnly; SameSite=Lax${isHttps ? '; Secure' : ''}`;
  }

  /** The cookies in a `Cookie` header; what is malformed counts as absent. */
  read(header: string | undefined): BrowserCookies {
    const pairs = (header ?? '').split(';').map((pair) => pair.trim().split('='));
    const value = (name: string) => pairs.find(([key]) => key === this.#prefix + name)?.[1] ?? '';
    const [session, form] = [value('session'), value('form')];
    return { session: isSecret('krb', session) ? session : null, form: FORM_VALUE.test(form) ? form : null };
  }

  /** Keeps a session until the browser is closed. */
  keepSession = (value: string): string => `${this.#prefix}session=${value}${this.#attributes}`;

  /** Forgets the session. */
  forgetSession = (): string => `${this.#prefix}session=${this.#attributes}; Max-Age=0`;

  /** Keeps what proves the forms of this browser. */
  keepForm = (value: string): string => `${this.#prefix}form=${value}${this.#attributes}`;
}

/** The proof of a browser's forms: the one it has, so that forms in several tabs stay good, or a new one. */
export const formCookie = (present: string | null): string =>
  present ?? randomBytes(32).toString('base64url');

/** What is told to somebody whose form did not come from here. */
export const FOREIGN_FORM =
  'Your browser did not show that it got this form from here. Please allow cookies and try again.';

/** What the forms of a browser with this cookie carry. It does not tell the cookie. */
export const formToken = (cookie: string): string => digestOf(`form ${cookie}`);

/** Whether what is posted was filled in on a page that we gave to this browser. */
export const isOwnForm = (cookie: string | null, token: string): boolean =>
  cookie !== null && token === formToken(cookie);
