import type { Brand } from '../pages/brand.ts';
import { formPage, type FormFault, type FormField, type FormFrame } from '../pages/form.page.ts';
import { markup } from '../pages/html.ts';
import type { Page } from '../pages/page.ts';
import { withRequest } from './app-requests.ts';

/** The field that says whose account it is. */
export const emailField = (value: string): FormField => ({
  name: 'email',
  label: 'E-mail address',
  type: 'email',
  autocomplete: 'username',
  value,
});

/** A field for a secret, which is typed anew each time. */
export const passwordField = (
  name: string,
  label: string,
  autocomplete: 'current-password' | 'new-password',
): FormField => ({ name, label, type: 'password', autocomplete });

/** The page to log in on. */
export const loginPage = (frame: FormFrame, email: string, fault?: FormFault): Page =>
  formPage(
    frame,
    {
      title: 'Log in',
      action: '/login/form',
      fields: [emailField(email), passwordField('password', 'Password', 'current-password')],
      button: 'Log in',
      links: [{ href: withRequest('/login/forgot', frame.request), text: 'Forgot your password?' }],
    },
    fault,
  );

/** The page of somebody who is logged in, and whom no app sent. */
export const loggedInPage = (brand: Brand): Page => ({
  status: 200,
  title: 'You are logged in',
  brand,
  body: markup`<p>You can close this page, or go to the app that you want to use.</p>
<p><a href="/oauth2/logout">Log out</a></p>`,
});

/** The page that asks before it logs out, because any site can lead here. */
export const logoutPage = (frame: FormFrame, fault?: FormFault): Page =>
  formPage(
    frame,
    {
      title: 'Log out?',
      text: 'The apps that you use with this log-in are logged out as well.',
      action: '/oauth2/logout',
      button: 'Log out',
    },
    fault,
  );

/** The page of somebody who is not logged in any more. */
export const loggedOutPage = (brand: Brand): Page => ({
  status: 200,
  title: 'You are logged out',
  brand,
  body: markup`<p><a href="/login">Log in again</a></p>`,
});
