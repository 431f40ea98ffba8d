import { Inject, Injectable } from '@nestjs/common';
import type { Login } from '#libs/contract/auth.contract';
import {
  ChangePassword,
  ForgotPassword,
  ReplacePassword,
  ResetPassword,
} from '#libs/contract/password.contract';
import type { Parameters } from '#libs/domain/authorization';
import type { Clock } from '#libs/domain/clock';
import { CLOCK } from '../app.tokens.ts';
import { PasswordService } from '../auth/password.service.ts';
import type { PageAnswer } from '../pages/page.ts';
import { BrowserSessions, type BrowserSession } from './browser-sessions.ts';
import { field } from './form.ts';
import { LoginService } from './login.service.ts';
import { filledIn, PageForms, type PageOf, type Visit } from './page-forms.ts';
import { changePage, forgotPage, resetPage } from './password.page.ts';

// Whoever logged in so lately need not show again the password that they are about to replace.
const JUST_LOGGED_IN_MS = 10 * 60_000;

const FORGOT_WORDS = { email: 'the e-mail address' };
const RESET_WORDS = { email: 'the e-mail address', code: 'the code', password: 'the new password' };
const CHANGE_WORDS = {
  email: 'the e-mail address',
  password: 'the present password',
  new_password: 'the new password',
};
const REPLACE_WORDS = { new_password: 'the new password' };

/**
 * Passwords that were forgotten, or are to be others, for people with a browser: the work is `PasswordService`'s. Whoever
 * has set one is logged in with it, and goes on to the app that sent them.
 */
@Injectable()
export class PasswordPagesService {
  constructor(
    private readonly forms: PageForms,
    private readonly login: LoginService,
    private readonly browsers: BrowserSessions,
    private readonly passwords: PasswordService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The page to have a code sent on. */
  showForgot(query: Parameters, cookieHeader: string | undefined): Promise<PageAnswer> {
    return this.forms.open(query, cookieHeader, (visit) => this.forms.show(visit, forgotOf(visit)));
  }

  /** Has a code sent, and asks for it; the same answer whether there is such an account. */
  forgot(form: Parameters, cookieHeader: string | undefined): Promise<PageAnswer> {
    return this.forms.take(form, cookieHeader, forgotOf, async (visit) => {
      await this.passwords.forgot(filledIn(ForgotPassword, form, FORGOT_WORDS));
      return this.forms.show(visit, resetOf(visit));
    });
  }

  /** The page to set a new password on. */
  showReset(query: Parameters, cookieHeader: string | undefined): Promise<PageAnswer> {
    return this.forms.open(query, cookieHeader, (visit) => this.forms.show(visit, resetOf(visit)));
  }

  /** Sets a new password by a code, which shows as much as the password itself would: they are logged in with it. */
  reset(form: Parameters, cookieHeader: string | undefined): Promise<PageAnswer> {
    return this.forms.take(form, cookieHeader, resetOf, async (visit) => {
      const { email, code, password } = filledIn(ResetPassword, form, RESET_WORDS);
      await this.passwords.reset({ email, code, password });
      return this.login.enter({ email, password }, visit);
    });
  }

  /** The page to change a password on. */
  showChange(query: Parameters, cookieHeader: string | undefined): Promise<PageAnswer> {
    return this.forms.open(query, cookieHeader, async (visit) =>
      this.forms.show(visit, await this.changeOf(visit)),
    );
  }

  /** Changes a password that is not its owner's own yet, and logs them in with the new one. */
  change(form: Parameters, cookieHeader: string | undefined): Promise<PageAnswer> {
    return this.forms.take(
      form,
      cookieHeader,
      (visit) => this.changeOf(visit),
      async (visit) => this.login.enter(await this.replace(visit), visit),
    );
  }

  /** Sets the new password; answers what they log in with from now on. */
  private async replace(visit: Visit): Promise<Login> {
    const { found, isJustLoggedIn } = await this.findPerson(visit);
    if (found && isJustLoggedIn) {
      const { user } = found;
      const { new_password: password } = filledIn(ReplacePassword, visit.form, REPLACE_WORDS);
      await this.passwords.replaceFirst(user, password);
      return { email: user.email, password };
    }
    const given = filledIn(ChangePassword, visit.form, CHANGE_WORDS);
    await this.passwords.change(null, given);
    return { email: given.email ?? '', password: given.new_password };
  }

  private async changeOf(visit: Visit): Promise<PageOf> {
    const { found, isJustLoggedIn } = await this.findPerson(visit);
    const email = field(visit.form, 'email') || (found?.user.email ?? '');
    return (frame, fault) =>
      changePage({ ...frame, brand: found?.brand ?? frame.brand }, { email, isJustLoggedIn }, fault);
  }

  /**
   * Who is logged in, and whether that is enough to replace their password: it has to be recent, and a form that was sent
   * has to be about them and to ask for no other password, because it may be an old one of another tab.
   */
  private async findPerson({
    cookies,
    form,
  }: Visit): Promise<{ found: BrowserSession | null; isJustLoggedIn: boolean }> {
    const found = await this.browsers.find(cookies.session);
    if (!found) return { found, isJustLoggedIn: false };
    const { user, session } = found;
    const isRecent = this.clock.now().getTime() - session.createdAt.getTime() <= JUST_LOGGED_IN_MS;
    const isAboutThem =
      form['email'] === undefined || (form['email'] === user.email && form['password'] === undefined);
    return { found, isJustLoggedIn: user.mustChangePassword && isRecent && isAboutThem };
  }
}

const forgotOf =
  ({ form }: Visit): PageOf =>
  (frame, fault) =>
    forgotPage(frame, field(form, 'email'), fault);

const resetOf =
  ({ form }: Visit): PageOf =>
  (frame, fault) =>
    resetPage(frame, field(form, 'email'), fault);
