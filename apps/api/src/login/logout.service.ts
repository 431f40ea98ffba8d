import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '#libs/config/config';
import { isRegisteredRedirect, type Parameters } from '#libs/domain/authorization';
import { CONFIG } from '../app.tokens.ts';
import { KRONUS_BRAND, type Brand } from '../pages/brand.ts';
import type { FormFault } from '../pages/form.page.ts';
import type { PageAnswer } from '../pages/page.ts';
import { BrowserSessions } from './browser-sessions.ts';
import { COOKIE_JAR, FOREIGN_FORM, formCookie, formToken, isOwnForm, type CookieJar } from './cookies.ts';
import { field, parametersOf } from './form.ts';
import { loggedOutPage, logoutPage } from './login.page.ts';

/**
 * Logs people out of their browser, and the apps with them. Any site can lead a browser here, so it asks first. Source of
 * the parameters: OpenID Connect RP-Initiated Logout, section 2.
 */
@Injectable()
export class LogoutService {
  constructor(
    private readonly browsers: BrowserSessions,
    @Inject(COOKIE_JAR) private readonly jar: CookieJar,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Asks somebody who is logged in; who is not, is done. */
  async show(query: Parameters, cookieHeader: string | undefined): Promise<PageAnswer> {
    const cookies = this.jar.read(cookieHeader);
    const session = await this.browsers.find(cookies.session);
    if (!session) return this.done(query);
    return this.ask(query, cookies.form, session.brand);
  }

  /** Ends the session of the browser, with all tokens that apps have of it. */
  async submit(form: Parameters, cookieHeader: string | undefined): Promise<PageAnswer> {
    const query = parametersOf(field(form, 'request'));
    const cookies = this.jar.read(cookieHeader);
    if (!isOwnForm(cookies.form, field(form, 'token'))) {
      return this.ask(query, cookies.form, KRONUS_BRAND, { status: 403, messages: [FOREIGN_FORM] });
    }
    await this.browsers.end(cookies.session);
    return { ...this.done(query), cookies: [this.jar.forgetSession()] };
  }

  private ask(query: Parameters, cookie: string | null, brand: Brand, fault?: FormFault): PageAnswer {
    const kept = formCookie(cookie);
    const back = this.wayBack(query);
    const frame = {
      brand,
      token: formToken(kept),
      request: back === null ? '' : new URLSearchParams(back.given).toString(),
      target: back && new URL(back.to).origin,
    };
    return { page: logoutPage(frame, fault), cookies: [this.jar.keepForm(kept)] };
  }

  private done(query: Parameters): PageAnswer {
    const back = this.wayBack(query);
    return back ? { goTo: back.to } : { page: loggedOutPage(KRONUS_BRAND) };
  }

  /** Where the app wants somebody sent afterwards; null unless the address is registered as its own. */
  private wayBack(query: Parameters): { to: string; given: Record<string, string> } | null {
    const { client_id: id, post_logout_redirect_uri: uri, state } = query;
    const app = this.config.oauth.apps.find((each) => each.id === id);
    if (!app || typeof uri !== 'string' || !isRegisteredRedirect(uri, app.redirectUris)) return null;
    const url = new URL(uri);
    if (typeof state === 'string') url.searchParams.set('state', state);
    const given = { client_id: app.id, post_logout_redirect_uri: uri };
    return { to: url.href, given: typeof state === 'string' ? { ...given, state } : given };
  }
}
