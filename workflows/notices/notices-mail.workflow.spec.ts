import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '@temporalio/client';
import { TimeMachine } from '#apps/worker/src/time-machine.fixture';
import { Mail } from '#libs/db/entities/mail.entity';
import { Message } from '#libs/db/entities/message.entity';
import { User } from '#libs/db/entities/user.entity';
import { changePassword, oweResetCode } from '#libs/db/queries/passwords';
import { lockPerson } from '#libs/db/queries/person';
import { SmtpServer } from '#libs/mail/smtp.fixture';
import { createSmtpMailer } from '#libs/mail/smtp.mailer';
import { noticesWorkflowId } from './notices.contract.ts';

describe('notices about a password', () => {
  let smtp: SmtpServer;
  let world: TimeMachine;
  beforeAll(async () => {
    smtp = await SmtpServer.start();
    world = await TimeMachine.start({ mailer: createSmtpMailer({ url: smtp.url, from: 'k@example.com' }) });
  }, 60_000);
  afterAll(async () => {
    await world.close();
    await smtp.stop();
  }, 30_000);
  afterEach(async () => {
    smtp.refuse = null;
    smtp.mails.length = 0;
    await world.endStory();
  });

  const ended = (userId: number) =>
    new Client({ connection: world.env.connection }).workflow.getHandle(noticesWorkflowId(userId)).result();
  const onRecord = async (userId: number) => {
    const em = world.orm.em.fork();
    const [text] = await em.find(Message, { userId });
    const mails = await em.find(Mail, { userId }, { orderBy: { id: 'asc' } });
    return { text: text!, mails: mails.map(({ status, body, lastError }) => ({ status, body, lastError })) };
  };

  /** Gives somebody a code, as the API does. */
  async function oweCode(userId: number, code: string): Promise<void> {
    const now = await world.now();
    const owed = await world.orm.em.fork().transactional(async (em) => {
      await lockPerson(em, userId);
      const user = await em.findOneOrFail(User, userId);
      const link = 'https://kronus.example.com';
      const reset = { user, code, codeHash: 'hash', minutes: 15, link, hasMail: true, now };
      return oweResetCode(em, world.wakeups, reset);
    });
    for (const { kind, entityId } of owed) world.wakeups.deliver(kind, entityId);
    await world.wakeups.drain();
  }

  async function setPassword(userId: number): Promise<void> {
    const now = await world.now();
    const owed = await world.orm.em.fork().transactional(async (em) => {
      await lockPerson(em, userId);
      const user = await em.findOneOrFail(User, userId);
      return changePassword(em, world.wakeups, { user, passwordHash: 'hash', hasMail: true, now });
    });
    for (const { kind, entityId } of owed) world.wakeups.deliver(kind, entityId);
    await world.wakeups.drain();
  }

  it('go out by text and mail, and the code is on record no more', async () => {
    const person = await world.person({ cron: '0 18 1 1 *', contacts: [] });
    await oweCode(person.id, '12345678');
    await person.phone.receives('12345678 is your code');
    await ended(person.id);
    expect(smtp.mails).toHaveLength(1);
    const { text, mails } = await onRecord(person.id);
    expect(text.body).toMatch(/^\*{8} is your code/);
    expect(mails).toEqual([{ status: 'sent', body: null, lastError: null }]);
  }, 60_000);

  it('are withdrawn when the time of the code is over: it comes by neither', async () => {
    const fault = { kind: 'error', status: 400, code: 21408 };
    const person = await world.person({ cron: '0 18 1 1 *', contacts: [] });
    await world.phones.call('/control/faults', { ...fault, to: person.phone.number });
    smtp.refuse = { command: 'MAIL', says: '451 not now' };
    await oweCode(person.id, '12345678');
    await world.env.sleep('5 minutes');
    expect((await onRecord(person.id)).text.body).toContain('12345678');
    await world.env.sleep('15 minutes');
    await ended(person.id);
    const { text, mails } = await onRecord(person.id);
    expect([text.status, text.body.includes('12345678')]).toEqual(['canceled', false]);
    expect(mails).toEqual([
      {
        status: 'canceled',
        body: null,
        lastError: 'the mail server did not take the mail: EENVELOPE 451',
      },
    ]);
    expect(smtp.mails).toEqual([]);
  }, 60_000);

  it('wait for a mail server, and hold nothing up', async () => {
    const person = await world.person({ cron: '0 18 1 1 *', contacts: [] });
    smtp.refuse = { command: 'END', says: '451 not now' };
    await setPassword(person.id);
    await person.phone.receives('Your Kronus password was changed');
    await world.env.sleep('6 hours');
    const thor = await world.addContact(person.id, 'Thor', '+17775559001');
    await thor.receives('Hi Thor');
    smtp.refuse = null;
    await world.env.sleep('6 minutes');
    await ended(person.id);
    expect(smtp.mails.map(({ headers }) => headers.subject)).toEqual(['Your Kronus password was changed']);
  }, 60_000);

  it('are given up where an address takes none', async () => {
    const person = await world.person({ cron: '0 18 1 1 *', contacts: [] });
    smtp.refuse = { command: 'RCPT', says: '550 nobody' };
    await setPassword(person.id);
    await person.phone.receives('Your Kronus password was changed');
    await ended(person.id);
    expect((await onRecord(person.id)).mails).toEqual([
      { status: 'failed', body: null, lastError: 'the mail server did not take the mail: EENVELOPE 550' },
    ]);
  }, 60_000);
});
