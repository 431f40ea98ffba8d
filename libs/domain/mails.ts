/** An e-mail in plain text. */
export interface MailText {
  subject: string;
  body: string;
}

/** Everything that Kronus says by e-mail. */
export interface Mails {
  /** With the code to set a new password by, good for `minutes`, on the page at `link`. */
  passwordCode(reset: { code: string; minutes: number; link: string }): MailText;
  passwordChanged(): MailText;
}

const paragraphs = (...texts: string[]): string => `${texts.join('\n\n')}\n`;

const english: Mails = {
  passwordCode: ({ code, minutes, link }) => ({
    subject: 'Your code for a new Kronus password',
    body: paragraphs(
      `Your code is ${code}. It is good for ${minutes} minutes, once.`,
      `Set a new password with it here:\n${link}`,
      'Tell it nobody. If you did not ask for it, ignore this mail: your password stays as it is.',
    ),
  }),
  passwordChanged: () => ({
    subject: 'Your Kronus password was changed',
    body: paragraphs(
      'Your Kronus password was changed just now, and your other sessions have ended.',
      'If it was not you, set a new one at once by "forgot password", and tell your admin.',
    ),
  }),
};

/** The table of e-mails, by language. */
export const mails = { en: english } satisfies Record<string, Mails>;
