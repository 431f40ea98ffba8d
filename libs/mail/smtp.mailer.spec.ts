import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MailError } from './mailer.ts';
import { SmtpServer } from './smtp.fixture.ts';
import { createSmtpMailer } from './smtp.mailer.ts';

const mail = {
  uuid: '7b0e3f0c-6d4c-4f0e-9a35-1d2f3a4b5c6d',
  toAddress: 'tony@example.org',
  subject: 'Your code',
  body: 'Your code is 12345678.\n\n.hidden line\n',
};
let server: SmtpServer;
beforeAll(async () => {
  server = await SmtpServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.mails.length = 0;
  server.refuse = null;
});
const mailer = (url = server.url) => createSmtpMailer({ url, from: 'Kronus <kronus@example.com>' });
const failureOf = (send: Promise<void>) => send.then(() => null).catch((error: unknown) => error);

describe('the mailer', () => {
  it('hands a mail over as plain text, with a Message-ID that stays the same', async () => {
    await mailer().send(mail);
    await mailer().send(mail);
    expect(server.mails).toHaveLength(2);
    for (const received of server.mails) {
      expect(received).toMatchObject({
        from: 'kronus@example.com',
        to: ['tony@example.org'],
        headers: {
          from: 'Kronus <kronus@example.com>',
          to: 'tony@example.org',
          subject: 'Your code',
          'message-id': `<${mail.uuid}@example.com>`,
          'auto-submitted': 'auto-generated',
          'content-type': expect.stringContaining('text/plain'),
        },
      });
      expect(received.body.trimEnd()).toBe(mail.body.trimEnd());
    }
  });

  it.each([
    ['RCPT', '550 5.1.1 <tony@example.org> is nobody', true, 'EENVELOPE 550'],
    ['RCPT', '450 4.2.1 <tony@example.org> come back later', false, 'EENVELOPE 450'],
    ['MAIL', '550 not you', false, 'EENVELOPE 550'],
    ['END', '554 not that', false, 'EMESSAGE 554'],
    ['END', '451 not now', false, 'EMESSAGE 451'],
  ] as const)('classes a refusal of %s: %s', async (command, says, isPermanent, reason) => {
    server.refuse = { command, says };
    const error = await failureOf(mailer().send(mail));
    expect(error).toBeInstanceOf(MailError);
    expect(error).toMatchObject({ isPermanent, message: `the mail server did not take the mail: ${reason}` });
    expect(server.mails).toEqual([]);
  });

  it('says so when there is no server, without telling anything of the mail', async () => {
    const gone = await SmtpServer.start();
    const { url } = gone;
    await gone.stop();
    const error = await failureOf(mailer(url).send(mail));
    expect(error).toMatchObject({ isPermanent: false });
    expect(String(error)).not.toMatch(/tony|12345678/);
  });
});
