import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { SmtpServer } from '#libs/mail/smtp.fixture';
import { Kronus, until } from './harness.ts';

describe('a password', () => {
  let smtp: SmtpServer;
  let kronus: Kronus;
  beforeAll(async () => {
    smtp = await SmtpServer.start();
    const env = { KRONUS_SMTP_URL: smtp.url, KRONUS_SMTP_FROM: 'Kronus <kronus@example.com>' };
    kronus = await Kronus.start({ env });
  }, 90_000);
  afterAll(async () => {
    await kronus.stop();
    await smtp.stop();
  }, 30_000);
  afterEach(() => kronus.endStory());

  const post = (path: string, body: object) => kronus.call('POST', path, { body });

  it('that was forgotten is set anew by a code, and old sessions are dead', async () => {
    const tony = await kronus.person({ contacts: [] });
    const { email } = await tony.account.expects(200, 'GET', tony.path);
    expect((await post('/v1/auth/password/forgot', { email: 'nobody@example.org' })).status).toBe(202);
    expect((await post('/v1/auth/password/forgot', { email })).status).toBe(202);
    const text = await tony.phone.receives('is your code for a new Kronus password');
    const code = /^\d{8}/.exec(text.body)![0];
    await smtp.received(1);
    expect(smtp.mails[0]).toMatchObject({ from: 'kronus@example.com', to: [email] });
    expect(smtp.mails[0]!.body).toContain(code);

    const reset = { email, code, password: 'even-safer' };
    expect((await post('/v1/auth/password/reset', reset)).status).toBe(200);
    await tony.phone.receives('Your Kronus password was changed');
    expect((await tony.account.call('GET', '/v1/whoami')).status).toBe(401);
    expect((await post('/v1/auth/password/reset', reset)).status).toBe(401);
    expect((await post('/login', { email, password: 'very-secure' })).status).toBe(401);
    const { status, body } = await post('/login', { email, password: 'even-safer' });
    expect(status).toBe(200);

    // What is on record of the text tells nobody the code.
    const messages = () => kronus.call('GET', `${tony.path}/messages`, { token: body.data.token });
    await until(
      async () =>
        (await messages()).body.data.every(({ status }: { status: string }) => status === 'delivered'),
      10_000,
      'both texts to be delivered',
    );
    expect(JSON.stringify((await messages()).body)).not.toContain(code);
    await smtp.received(2);
    expect(smtp.mails.map(({ headers }) => headers.subject)).toEqual([
      'Your code for a new Kronus password',
      'Your Kronus password was changed',
    ]);
  }, 60_000);

  it('can be set by text while the mail server is away, and each mail comes once when it is back', async () => {
    smtp.mails.length = 0;
    smtp.refuse = { command: 'MAIL', says: '451 not now' };
    const steve = await kronus.person({ firstName: 'Steve', contacts: [] });
    const { email } = await steve.account.expects(200, 'GET', steve.path);
    await post('/v1/auth/password/forgot', { email });
    const { body } = await steve.phone.receives('is your code');
    const code = /^\d{8}/.exec(body)![0];
    expect((await post('/v1/auth/password/reset', { email, code, password: 'even-safer' })).status).toBe(200);
    await steve.phone.receives('Your Kronus password was changed');
    smtp.refuse = null;
    // The mail with the code is not wanted any more.
    await smtp.received(1);
    expect(smtp.mails.map(({ to, headers }) => [to, headers.subject])).toEqual([
      [[email], 'Your Kronus password was changed'],
    ]);
  }, 60_000);
});
