/** An e-mail in plain text that is to be handed to the server. */
export interface OutboundMail {
  /** Its public name, from which the Message-ID is made: the same in every attempt. */
  uuid: string;
  toAddress: string;
  subject: string;
  body: string;
}

/** Sends e-mails. Not idempotent; who receives one twice knows it by its Message-ID. */
export interface Mailer {
  /** Hands one e-mail over. @throws MailError */
  send(mail: OutboundMail): Promise<void>;
}

/** An e-mail was not handed over; `isPermanent` when the address takes none. Carries no address and no text. */
export class MailError extends Error {
  constructor(
    readonly isPermanent: boolean,
    reason: string,
  ) {
    super(`the mail server did not take the mail: ${reason}`);
    this.name = 'MailError';
  }
}
