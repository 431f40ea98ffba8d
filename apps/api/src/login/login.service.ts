import { Inject, Injectable } from '@nestjs/common';
import { Login } from '#libs/contract/auth.contract';
import { mustLogIn, type Parameters } from '#libs/domain/authorization';
import type { Clock } from '#libs/domain/clock';
import { CLOCK } from '../app.tokens.ts';
import { nextPageAfterLogin } from '../auth/next-page.ts';
import type { PageAnswer } from '../pages/page.ts';
import { AppRequests, toQuery, withRequest } from './app-requests.ts';
import { BrowserSessions } from './browser-sessions.ts';
import { COOKIE_JAR, type CookieJar } from './cookies.ts';
import { field } from './form.ts';
import { loggedInPage, loginPage } from './login.page.ts';
import { filledIn, PageForms, type PageOf, type Visit } from './page-forms.ts';

const WORDS = { email: 'the e-mail address', password: 'the password' };

/** Logs people in with their browser, by themselves or for an app that sent them. */
@Injectable()
export class LoginService {
  constructor(
    private readonly apps: AppRequests,
    private readonly forms: PageForms,
    private readonly browsers: BrowserSessions,
    @Inject(COOKIE_JAR) private readonly jar: CookieJar,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Answers an app's request for authorization: at once for somebody who is logged in, else after the log-in page. */
  async authorize(query: Parameters, cookieHeader: string | undefined): Promise<PageAnswer> {
    const judged = this.apps.judge(query);
    if ('answer' in judged) return judged.answer;
    const { request } = judged;
    const session = await this.browsers.find(this.jar.read(cookieHeader).session);
    const isSilent = request.prompt === 'none';
    if (!session || mustLogIn(request, session.session.createdAt, this.clock.now())) {
      if (!isSilent) return { goTo: withRequest('/login', toQuery(query)) };
      return this.apps.sendBack({ ...request, error: 'login_required', description: 'nobody is logged in' });
    }
    const page = nextPageAfterLogin(session.user);
    if (page === null) return this.apps.sendOn(request, await this.browsers.codeFor(session, request));
    if (!isSilent) return { goTo: withRequest(page, toQuery(query)) };
    return this.apps.sendBack({
      ...request,
      error: 'interaction_required',
      description: 'there is a page to go through first',
    });
  }

  /** The log-in page; without an app, somebody who is logged in is told so, or led to the page that is next for them. */
  async show(query: Parameters, cookieHeader: string | undefined): Promise<PageAnswer> {
    return this.forms.open(query, cookieHeader, async (visit) => {
      const session = visit.request ? null : await this.browsers.find(visit.cookies.session);
      if (!session) return this.forms.show(visit, pageOf(visit));
      const page = nextPageAfterLogin(session.user);
      return page === null ? { page: loggedInPage(session.brand) } : { goTo: page };
    });
  }

  /** Takes what was filled in. Wrong credentials are answered 401, which counts against the limits of log-ins. */
  async submit(form: Parameters, cookieHeader: string | undefined): Promise<PageAnswer> {
    return this.forms.take(form, cookieHeader, pageOf, async (visit) =>
      this.enter(filledIn(Login, form, WORDS), visit),
    );
  }

  /**
   * Logs somebody in and sends them on: to the page that is next for them, with a code to the app that sent them, or to
   * ours that says so. @throws AppError credentials_invalid
   */
  async enter(credentials: Login, { request, query, cookies }: Visit): Promise<PageAnswer> {
    const { cookie, nextPage, code } = await this.browsers.begin(credentials, {
      request,
      cookie: cookies.session,
    });
    const answer =
      request && code !== null
        ? this.apps.sendOn(request, code)
        : { goTo: nextPage === null ? '/login' : withRequest(nextPage, toQuery(query)) };
    return { ...answer, cookies: [this.jar.keepSession(cookie)] };
  }
}

const pageOf =
  ({ form }: Visit): PageOf =>
  (frame, fault) =>
    loginPage(frame, field(form, 'email'), fault);
