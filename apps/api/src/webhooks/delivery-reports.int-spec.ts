import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Message } from '#libs/db/entities/message.entity';
import { Probe } from '#libs/db/entities/probe.entity';
import type { User } from '#libs/db/entities/user.entity';
import { DeliveryReports, EARLY_REPORTS } from '#libs/db/queries/delivery-reports';
import { createMessage, createProbe } from '#libs/testing/factories/probe.factory';
import { createUser } from '#libs/testing/factories/user.factory';
import { TestApi } from '../api.fixture.ts';
import { ACCOUNT_SID, postReport, postSigned, postText } from './twilio.fixture.ts';

const DAY_MS = 24 * 60 * 60_000;
const FOREIGN = `AC${'9'.repeat(32)}`;

/** Every order of some words. */
function permutations(words: string[]): string[][] {
  if (words.length < 2) return [words];
  return words.flatMap((word, index) =>
    permutations(words.toSpliced(index, 1)).map((rest) => [word, ...rest]),
  );
}

describe('delivery reports', () => {
  let api: TestApi;
  let tony: User;
  let probe: Probe;
  beforeAll(async () => {
    api = await TestApi.start();
  }, 60_000);
  afterAll(() => api.stop());
  beforeEach(async () => {
    await api.clear();
    await api.em().execute(`truncate early_reports`);
    tony = await createUser(api.em());
    probe = await createProbe(api.em(), tony.id);
  });

  const read = (id: number) => api.em().findOneOrFail(Message, { id });
  const events = (id: number) =>
    api
      .em()
      .execute<{ status: string; error_code: number | null; at: string }[]>(
        `select status, error_code, at from message_events where message_id = ? order by id`,
        [id],
      );
  const early = () =>
    api.em().execute<{ sid: string; status: string }[]>(`select sid, status from early_reports order by id`);
  const applyEarly = () => api.app.get(DeliveryReports).applyEarly();

  it('lead to the same end in every order and however often they come: the first that is final', async () => {
    const words = ['queued', 'sent', 'delivered', 'undelivered'];
    for (const [index, order] of permutations(words).entries()) {
      const message = await createMessage(api.em(), probe, 'sending');
      const seen = [order[0]!, ...order, order[1]!, ...order];
      for (const word of seen) {
        const answer = await postReport(api, message.uuid, word, { MessageSid: `SM-order-${index}` });
        expect(answer.status).toBe(204);
      }
      const end = order.find((word) => word === 'delivered' || word === 'undelivered')!;
      const wasSent = order.indexOf('sent') < order.indexOf(end);
      expect([order, (await read(message.id)).status]).toEqual([order, end]);
      const logged = (await events(message.id)).map((event) => event.status);
      expect([order, logged]).toEqual([order, wasSent ? ['sent', end] : [end]]);
    }
  }, 60_000);

  it('are logged with the moment at which each status came', async () => {
    const message = await createMessage(api.em(), probe, 'sending');
    const start = api.clock.now();
    await postReport(api, message.uuid, 'sent');
    api.clock.set(new Date(start.getTime() + 2_000));
    await postReport(api, message.uuid, 'undelivered', { ErrorCode: '30003' });
    const log = await events(message.id);
    expect(log.map(({ at, ...event }) => [event, new Date(at).getTime() - start.getTime()])).toEqual([
      [{ status: 'sent', error_code: null }, 0],
      [{ status: 'undelivered', error_code: 30003 }, 2_000],
    ]);
    api.clock.set(start);
  });

  it('are refused when they are about another account, or not signed, without a word', async () => {
    const message = await createMessage(api.em(), probe, 'sending');
    const foreign = await postReport(api, message.uuid, 'delivered', { AccountSid: FOREIGN });
    expect([foreign.status, foreign.text]).toEqual([403, '']);
    const unsigned = await api.call('POST', `/webhook/sms/status/${message.uuid}`, {
      body: 'MessageStatus=delivered',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect([unsigned.status, unsigned.text]).toEqual([401, '']);
    expect((await read(message.id)).status).toBe('sending');
  });

  it('of another account are refused as texts of one are', async () => {
    const foreign = await postText(api, tony.phoneNumber!, 'no', { AccountSid: FOREIGN });
    expect([foreign.status, foreign.text]).toEqual([403, '<Response />']);
    expect((await api.em().findOneOrFail(Probe, { id: probe.id })).status).toBe('pending');
    const own = await postText(api, tony.phoneNumber!, 'no', { AccountSid: ACCOUNT_SID });
    expect(own.text).toContain('Hang in there');
  });

  it('that come before their message are kept, and applied in whatever order when it is there', async () => {
    const uuid = crypto.randomUUID();
    await postReport(api, uuid, 'undelivered', { ErrorCode: '30006' });
    await postReport(api, uuid, 'undelivered', { ErrorCode: '30006' });
    await postReport(api, uuid, 'sent');
    expect(await early()).toEqual([
      { sid: 'SM-out', status: 'undelivered' },
      { sid: 'SM-out', status: 'sent' },
    ]);
    expect(await applyEarly()).toBe(0);

    const message = await createMessage(api.em(), probe, 'sending');
    await api.em().nativeUpdate(Message, { id: message.id }, { uuid, kind: 'check_in' });
    expect(await applyEarly()).toBe(2);
    expect(await read(message.id)).toMatchObject({
      status: 'undelivered',
      errorCode: 30006,
      providerSid: 'SM-out',
    });
    expect(await api.em().findOneOrFail(Probe, { id: probe.id })).toMatchObject({ reason: 'invalid_number' });
    expect((await api.delivered()).map(({ signal }) => signal).sort()).toEqual(['delivery', 'raised']);
    expect([await early(), await applyEarly()]).toEqual([[], 0]);
  });

  it('are not kept when there is nothing to learn from them', async () => {
    const message = await createMessage(api.em(), probe, 'delivered');
    await postReport(api, message.uuid, 'sent');
    await postReport(api, crypto.randomUUID(), 'teleported');
    const malformed = await postSigned(api, '/webhook/sms/status/nonsense', { MessageStatus: 'sent' });
    expect([malformed.status, malformed.text]).toEqual([404, '']);
    expect(await early()).toEqual([]);
  });

  it('are kept for a day, and only so many', async () => {
    const now = api.clock.now();
    const fill = (count: number, age: number) =>
      api.em().execute(
        `insert into early_reports (uuid, sid, status, received_at)
         select gen_random_uuid(), 'SM-old', 'sent', ?::timestamptz from generate_series(1, ?)`,
        [new Date(now.getTime() - age), count],
      );
    await fill(2, DAY_MS + 1);
    await fill(EARLY_REPORTS.most - 1, 0);
    await postReport(api, crypto.randomUUID(), 'sent');
    const kept = async () =>
      (await api.em().execute<{ count: number }[]>(`select count(*)::int from early_reports`))[0]!.count;
    expect(await kept()).toBe(EARLY_REPORTS.most);
    expect((await early()).at(-1)).toEqual({ sid: 'SM-out', status: 'sent' });

    await api.em().execute(`truncate early_reports`);
    await fill(2, DAY_MS + 1);
    await fill(1, DAY_MS - 1);
    await applyEarly();
    expect(await kept()).toBe(1);
  });
});
