import { createTransport, type NodemailerError } from 'nodemailer';
import { MailError, type Mailer } from './mailer.ts';

/** The server that e-mails are sent through, and who they are from. */
export interface SmtpSettings {
  url: string;
  from: string;
}

const TIMEOUT_MS = 20_000;

/** Sends through an SMTP server (RFC 5321), one connection a mail. Time-outs of 20 s; never retries by itself. */
export function createSmtpMailer({ url, from }: SmtpSettings): Mailer {
  const transport = createTransport({
    url,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    // A text of ours holds no files and no addresses to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = /@([^\s<>@]+)>?$/.exec(from)?.[1] ?? 'kronus';
  return {
    async send({ uuid, toAddress, subject, body }) {
      try {
        await transport.sendMail({
          from,
          to: { name: '', address: toAddress },
          subject,
          text: body,
          messageId: `<${uuid}@${domain}>`,
          // No machine shall answer (RFC 3834).
          headers: { 'Auto-Submitted': 'auto-generated' },
        });
      } catch (error) {
        throw refusal(error as NodemailerError);
      }
    },
  };
}

/** What the server says may quote the address, so only its code is told. */
function refusal({ code, command, responseCode }: NodemailerError): MailError {
  const reason = [code, responseCode].filter((part) => part !== undefined).join(' ') || 'unknown';
  // 5yz to any other command is about us and not about the address: somebody has to mend it, and may.
  return new MailError(command === 'RCPT TO' && (responseCode ?? 0) >= 500, reason);
}
