import { formPage, type FormFault, type FormFrame } from '../pages/form.page.ts';
import type { Page } from '../pages/page.ts';
import { withRequest } from './app-requests.ts';
import { emailField, passwordField } from './login.page.ts';

/** The page on which somebody has a code sent. */
export const forgotPage = (frame: FormFrame, email: string, fault?: FormFault): Page =>
  formPage(
    frame,
    {
      title: 'Forgot your password?',
      text: 'We send you a code to set a new one with. It is good for a few minutes.',
      action: '/login/forgot',
      fields: [emailField(email)],
      button: 'Send a code',
      links: [{ href: withRequest('/login', frame.request), text: 'Back to the log-in' }],
    },
    fault,
  );

/** The page on which somebody sets a new password by the code; the same whether there is such an account. */
export const resetPage = (frame: FormFrame, email: string, fault?: FormFault): Page =>
  formPage(
    frame,
    {
      title: 'Set a new password',
      text: 'If there is such an account, the code comes to its phone or mailbox.',
      action: '/login/reset',
      fields: [
        emailField(email),
        { name: 'code', label: 'Code', type: 'text', autocomplete: 'one-time-code', inputMode: 'numeric' },
        passwordField('password', 'New password', 'new-password'),
      ],
      button: 'Set the password',
      links: [{ href: withRequest('/login/forgot', frame.request), text: 'Send another code' }],
    },
    fault,
  );

/** Whose password is to be changed, and whether they have just logged in with the present one. */
export interface ChangingPerson {
  email: string;
  isJustLoggedIn: boolean;
}

/** The page on which somebody changes a password that is not their own yet. */
export const changePage = (frame: FormFrame, person: ChangingPerson, fault?: FormFault): Page =>
  formPage(
    frame,
    {
      title: 'Change your password',
      text: 'Your account needs a password of your own before it can be used.',
      action: '/login/change',
      fields: [
        { ...emailField(person.email), isFixed: person.isJustLoggedIn },
        ...(person.isJustLoggedIn ? [] : [passwordField('password', 'Present password', 'current-password')]),
        passwordField('new_password', 'New password', 'new-password'),
      ],
      button: 'Change the password',
      links: [{ href: withRequest('/login/forgot', frame.request), text: 'Forgot your password?' }],
    },
    fault,
  );
