import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MikroORM } from '@mikro-orm/postgresql';
import { nextStep } from '#libs/domain/probe';
import { createAlert, createMessage, createProbe } from '#libs/testing/factories/probe.factory';
import { createContact } from '#libs/testing/factories/contact.factory';
import { createUser } from '#libs/testing/factories/user.factory';
import { createTestDatabase } from '#libs/testing/test-servers';
import { OneOffCheck } from './entities/one-off-check.entity.ts';
import { ProbeSettings } from './entities/probe-settings.entity.ts';
import { migrate } from './migrate.ts';
import { ormConfig } from './orm.config.ts';
import { readBacklog } from './queries/backlog.ts';
import { loadWatch } from './queries/person.ts';

const MINUTE = 60_000;
const now = new Date('2026-11-21T12:00:00Z');
const ago = (minutes: number) => new Date(now.getTime() - minutes * MINUTE);

describe('the backlog', () => {
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let orm: MikroORM;
  const em = () => orm.em.fork();
  const backlog = () => readBacklog(em(), now, MINUTE);
  beforeAll(async () => {
    database = await createTestDatabase('backlog');
    orm = await MikroORM.init(ormConfig(database.url));
    await migrate(orm);
  });
  afterAll(async () => {
    await orm.close();
    await database.drop();
  });
  beforeEach(() => em().execute('truncate users, wakeups, inbound_messages, inbound_cursor cascade'));

  /** A person with a schedule, a pending probe and one-off checks, as far as they are given (minutes before now). */
  async function person(of: {
    tick?: number;
    opened?: number;
    asked?: number;
    wait?: number;
    checks?: number[];
  }) {
    const { id } = await createUser(em());
    if (of.tick !== undefined)
      await em().nativeUpdate(ProbeSettings, { userId: id }, { active: true, nextTickAt: ago(of.tick) });
    if (of.opened !== undefined) {
      const probe = await createProbe(em(), id);
      await em().execute(
        `update probes set due_at = ?, last_asked_at = ?, wait_time_in_minutes = ? where id = ?`,
        [ago(of.opened), of.asked === undefined ? null : ago(of.asked), of.wait ?? 60, probe.id],
      );
    }
    for (const due of of.checks ?? []) {
      const times = { dueAt: ago(due), createdAt: ago(due + 5) };
      await em().insert(OneOffCheck, { userId: id, maxRetries: 1, waitTimeInMinutes: 5, ...times });
    }
    return id;
  }

  it('is empty at first', async () => {
    const nothing = { count: 0, oldestMs: 0 };
    expect(await backlog()).toEqual({
      messages: {},
      unsentMs: {},
      overdueCycles: nothing,
      owedSignals: nothing,
      unhandledTexts: nothing,
      openEscalations: 0,
      readBackMs: null,
    });
  });

  it.each<[string, Parameters<typeof person>[0], number | null]>([
    ['nothing to do', {}, null],
    ['a tick to come', { tick: -10 }, null],
    ['a tick that is just being asked', { tick: 0.5 }, null],
    ['a tick that was not asked', { tick: 3 }, 3],
    ['a tick that is skipped while a probe waits', { tick: 3, opened: 50, asked: 50 }, null],
    ['a probe that waits', { opened: 59, asked: 59 }, null],
    ['a probe whose wait is over', { opened: 64, asked: 64 }, 4],
    ['a probe asked again meanwhile', { opened: 120, asked: 5 }, null],
    ['a probe whose question did not go out', { opened: 7 }, 7],
    ['a check to come', { checks: [-1] }, null],
    ['a check that was not asked', { checks: [2] }, 2],
    ['several checks', { checks: [2, 9, -3] }, 9],
    ['a check that should take the place of a probe', { checks: [6], opened: 30, asked: 30 }, 6],
    ['a check and a probe whose wait is over', { checks: [2], opened: 64, asked: 64 }, 4],
  ])('of a person with %s', async (_, of, overdueMinutes) => {
    const id = await person(of);
    const { overdueCycles } = await backlog();
    expect(overdueCycles).toEqual(
      overdueMinutes === null
        ? { count: 0, oldestMs: 0 }
        : { count: 1, oldestMs: expect.closeTo(overdueMinutes * MINUTE, -1) },
    );

    // The workflow of the person sees it the same way.
    const watch = await loadWatch(em(), id, MINUTE);
    const step = nextStep(watch, now);
    const isDue = step.do !== 'rest' && step.at <= ago(1).getTime();
    expect(isDue || step.do === 'checkIn').toBe(overdueMinutes !== null);
    if (isDue) expect(step.at).toBe(ago(overdueMinutes!).getTime());
  });

  it('counts people, not steps', async () => {
    await person({ tick: 3, checks: [5, 6] });
    await person({ tick: 4 });
    expect((await backlog()).overdueCycles).toEqual({ count: 2, oldestMs: 6 * MINUTE });
  });

  it('tells for how long texts wait, by their priority, as long as somebody wants them', async () => {
    const user = await createUser(em());
    const contact = await createContact(em(), user.id);
    const message = async (kind: string, minutes: number, probe: Awaited<ReturnType<typeof createProbe>>) => {
      const { id } = await createMessage(em(), probe, 'queued');
      await em().execute(`update messages set kind = ?, created_at = ? where id = ?`, [
        kind,
        ago(minutes),
        id,
      ]);
    };
    const [pending, bad, lookedAfter] = [
      await createProbe(em(), user.id),
      await createProbe(em(), user.id, 'bad'),
      await createProbe(em(), user.id, 'unavailable'),
    ];
    const alert = await createAlert(em(), lookedAfter, contact.id);
    await em().execute(`update emergency_probes set acknowledged_at = ? where id = ?`, [now, alert.id]);
    await em().execute(`update messages set created_at = ? where id = ?`, [ago(60), alert.messageId]);

    await message('check_in', 5, pending);
    await message('follow_up', 4, pending);
    await message('alert', 2, bad);
    await message('alert', 3, bad);
    await message('check_in', 90, bad);
    await message('alert', 90, lookedAfter);
    await message('alert', 2 * 24 * 60, lookedAfter);
    const { unsentMs, messages, openEscalations } = await backlog();
    expect(unsentMs).toEqual({ escalation: 3 * MINUTE, follow_up: 4 * MINUTE, routine: 5 * MINUTE });
    expect(messages).toEqual({ queued: 6, delivered: 1 });
    expect(openEscalations).toBe(2);
  });

  it('holds owed signals, texts that were not applied, and when texts were last read back', async () => {
    for (const [entityId, minutes] of [
      [1, 2],
      [2, 5],
    ])
      await em().execute(
        `insert into wakeups (kind, entity_id, signal, created_at) values ('probe', ?, 'reply', ?)`,
        [entityId, ago(minutes!)],
      );
    for (const [sid, minutes, handledAt] of [
      ['SM1', 9, now],
      ['SM2', 4, null],
    ] as const)
      await em().execute(
        `insert into inbound_messages (provider_sid, from_number, body, created_at, handled_at) values (?, '', '', ?, ?)`,
        [sid, ago(minutes), handledAt],
      );
    await em().execute(`insert into inbound_cursor (id, read_until) values (1, ?)`, [ago(1)]);
    expect(await backlog()).toMatchObject({
      owedSignals: { count: 2, oldestMs: 5 * MINUTE },
      unhandledTexts: { count: 1, oldestMs: 4 * MINUTE },
      readBackMs: MINUTE,
    });
  });
});
