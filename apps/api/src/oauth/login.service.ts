import { Inject, Injectable } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/postgresql';
import type { Config } from '#libs/config/config';
import { Login } from '#libs/contract/auth.contract';
import {
  AUTHORIZATION_PARAMETERS,
  judgeAuthorization,
  mustLogIn,
  type AuthorizationRequest,
  type Judgement,
  type Parameters,
} from '#libs/domain/authorization';
import type { Clock } from '#libs/domain/clock';
import { AppError } from '#libs/domain/errors';
import { CLOCK, CONFIG } from '../app.tokens.ts';
import { nextPageAfterLogin } from '../auth/next-page.ts';
import { brandByHint } from '../pages/brand.ts';
import type { PageAnswer } from '../pages/page.ts';
import { problemPage } from '../pages/problem.page.ts';
import { BrowserSessions } from './browser-sessions.ts';
import { COOKIE_JAR, FOREIGN_FORM, formCookie, formToken, isOwnForm, type CookieJar } from './cookies.ts';
import { field, parametersOf } from './form.ts';
import { loggedInPage, loginPage, type LoginForm } from './login.page.ts';

type SentBack = Extract<Judgement, { kind: 'sendBack' }>;

const WRONG = 'The e-mail address or the password is wrong.';
/** Logs people in with their browser, by themselves or for an app that sent them. */
@Injectable()
export class LoginService {
  constructor(
    private readonly orm: MikroORM,
    private readonly browsers: BrowserSessions,
    @Inject(COOKIE_JAR) private readonly jar: CookieJar,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Answers an app's request for authorization: at once for somebody who is logged in, else after the log-in page. */
  async authorize(query: Parameters, cookieHeader: string | undefined): Promise<PageAnswer> {
    const judged = this.judge(query);
    if (judged.kind !== 'logIn') return this.refuse(judged);
    const { request } = judged;
    const session = await this.browsers.find(this.jar.read(cookieHeader).session);
    const isSilent = request.prompt === 'none';
    if (!session || mustLogIn(request, session.session.createdAt, this.clock.now())) {
      if (!isSilent) return { goTo: `/login?${toQuery(query)}` };
      return this.sendBack({ ...request, error: 'login_required', description: 'nobody is logged in' });
    }
    const page = nextPageAfterLogin(session.user);
    if (page === null) return this.sendOn(request, await this.browsers.codeFor(session, request));
    if (!isSilent) return { goTo: `${page}?${toQuery(query)}` };
    return this.sendBack({
      ...request,
      error: 'interaction_required',
      description: 'there is a page to go through first',
    });
  }

  /** The log-in page; without an app, somebody who is logged in is told so. */
  async show(query: Parameters, cookieHeader: string | undefined): Promise<PageAnswer> {
    const cookies = this.jar.read(cookieHeader);
    if (query['client_id'] === undefined) {
      const session = await this.browsers.find(cookies.session);
      if (session) return { page: loggedInPage(session.brand) };
      return this.form(query, null, cookies.form);
    }
    const judged = this.judge(query);
    return judged.kind === 'logIn' ? this.form(query, judged.request, cookies.form) : this.refuse(judged);
  }

  /**
   * Takes what was filled in. The request of an app is judged anew: it was in the hands of the browser. Wrong credentials
   * are answered 401, which counts against the limits of log-ins.
   */
  async submit(form: Parameters, cookieHeader: string | undefined): Promise<PageAnswer> {
    const query = parametersOf(field(form, 'request'));
    const isForApp = query['client_id'] !== undefined;
    const judged = isForApp ? this.judge(query) : null;
    if (judged && judged.kind !== 'logIn') return this.refuse(judged);
    const request = judged?.request ?? null;
    const cookies = this.jar.read(cookieHeader);
    const email = field(form, 'email');
    const again = (status: number, message: string) =>
      this.form(query, request, cookies.form, { email, fault: { status, message } });
    if (!isOwnForm(cookies.form, field(form, 'token'))) return again(403, FOREIGN_FORM);
    const credentials = Login.safeParse({ email, password: field(form, 'password') });
    if (!credentials.success) return again(400, 'Please give your e-mail address and your password.');
    try {
      const { cookie, nextPage, code } = await this.browsers.begin(credentials.data, {
        request,
        cookie: cookies.session,
      });
      const answer =
        request && code !== null
          ? this.sendOn(request, code)
          : { goTo: nextPage === null ? '/login' : `${nextPage}?${toQuery(query)}` };
      return { ...answer, cookies: [this.jar.keepSession(cookie)] };
    } catch (error) {
      if (error instanceof AppError && error.code === 'credentials_invalid') return again(401, WRONG);
      throw error;
    }
  }

  private judge(query: Parameters): Judgement {
    return judgeAuthorization(query, this.config.oauth.apps);
  }

  private refuse(judged: Exclude<Judgement, { kind: 'logIn' }>): PageAnswer {
    if (judged.kind === 'refuse') return { page: problemPage(400, [judged.message]) };
    return this.sendBack(judged);
  }

  private sendBack(back: Omit<SentBack, 'kind'>): PageAnswer {
    const { redirectUri, state, error, description } = back;
    return this.goTo(redirectUri, { error, error_description: description, state });
  }

  private sendOn({ redirectUri, state }: AuthorizationRequest, code: string): { goTo: string } {
    return this.goTo(redirectUri, { code, state });
  }

  /** Back to an app, with who says it, so that it is not taken for another server's answer. Source: RFC 9207. */
  private goTo(redirectUri: string, parameters: Record<string, string | null>): { goTo: string } {
    const url = new URL(redirectUri);
    for (const [name, value] of Object.entries({ ...parameters, iss: this.config.publicUrl })) {
      if (value !== null) url.searchParams.set(name, value);
    }
    return { goTo: url.href };
  }

  private async form(
    query: Parameters,
    request: AuthorizationRequest | null,
    cookie: string | null,
    tried: Pick<LoginForm, 'email' | 'fault'> = {},
  ): Promise<PageAnswer> {
    const kept = formCookie(cookie);
    const hint = query['client'];
    const page = loginPage({
      brand: await brandByHint(this.orm.em.fork(), typeof hint === 'string' ? hint : null),
      token: formToken(kept),
      request: toQuery(query),
      target: request && new URL(request.redirectUri).origin,
      ...tried,
    });
    return { page, cookies: [this.jar.keepForm(kept)] };
  }
}

/** The parameters of a request that are read, as a query again. */
function toQuery(query: Parameters): string {
  const pairs = AUTHORIZATION_PARAMETERS.flatMap((name) => {
    const value = query[name];
    return typeof value === 'string' ? [[name, value] as [string, string]] : [];
  });
  return new URLSearchParams(pairs).toString();
}
