import type { Brand } from '../pages/brand.ts';
import { markup, type Html } from '../pages/html.ts';
import type { Page } from '../pages/page.ts';

/** What the log-in form holds besides its two fields. */
export interface LoginForm {
  brand: Brand;
  /** Proves that it was filled in on this page. */
  token: string;
  /** The query that an app sent somebody here with; empty without an app. */
  request: string;
  /** The origin that it leads to; null without an app. */
  target: string | null;
  email?: string;
  /** What went wrong the last time. */
  fault?: { status: number; message: string };
}

const hidden = (name: string, value: string): Html =>
  markup`<input type="hidden" name="${name}" value="${value}">`;

const alarm = (fault: string | undefined): Html | null =>
  fault === undefined ? null : markup`<p role="alert" id="fault">${fault}</p>`;

/** The page to log in on. */
export function loginPage({ brand, token, request, target, email = '', fault }: LoginForm): Page {
  const described = fault ? markup` aria-describedby="fault"` : null;
  return {
    status: fault?.status ?? 200,
    title: 'Log in',
    brand,
    formTargets: target === null ? [] : [target],
    body: markup`${alarm(fault?.message)}
<form method="post" action="/login/form">
${hidden('token', token)}
${hidden('request', request)}
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" autocomplete="username" required maxlength="254" value="${email}"${described}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${described}>
<button type="submit">Log in</button>
</form>
<p><a href="/login/forgot">Forgot your password?</a></p>`,
  };
}

/** The page of somebody who is logged in, and whom no app sent. */
export const loggedInPage = (brand: Brand): Page => ({
  status: 200,
  title: 'You are logged in',
  brand,
  body: markup`<p>You can close this page, or go to the app that you want to use.</p>
<p><a href="/oauth2/logout">Log out</a></p>`,
});

/** What the form to log out holds. */
export interface LogoutForm extends Pick<LoginForm, 'brand' | 'token' | 'request' | 'target'> {
  /** What went wrong the last time. */
  fault?: string;
}

/** The page that asks before it logs out, because any site can lead here. */
export const logoutPage = ({ brand, token, request, target, fault }: LogoutForm): Page => ({
  status: fault === undefined ? 200 : 403,
  title: 'Log out?',
  brand,
  formTargets: target === null ? [] : [target],
  body: markup`${alarm(fault)}
<p>The apps that you use with this log-in are logged out as well.</p>
<form method="post" action="/oauth2/logout">
${hidden('token', token)}
${hidden('request', request)}
<button type="submit">Log out</button>
</form>`,
});

/** The page of somebody who is not logged in any more. */
export const loggedOutPage = (brand: Brand): Page => ({
  status: 200,
  title: 'You are logged out',
  brand,
  body: markup`<p><a href="/login">Log in again</a></p>`,
});
