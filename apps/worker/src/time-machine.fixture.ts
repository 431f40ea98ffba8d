import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker, type ActivityInterceptors } from '@temporalio/worker';
import { BackupMaker } from '#activities/backup-maker';
import { coreMigrations } from '#libs/backup/migrations';
import { DEFAULT_CLIENT_ID } from '#libs/db/entities/client.entity';
import { Contact } from '#libs/db/entities/contact.entity';
import { ProbeSettings } from '#libs/db/entities/probe-settings.entity';
import { Probe } from '#libs/db/entities/probe.entity';
import { ROLES, User } from '#libs/db/entities/user.entity';
import { migrate } from '#libs/db/migrate';
import { ormConfig } from '#libs/db/orm.config';
import { orderCheck } from '#libs/db/queries/order-check';
import { pauseChecks, resumeChecks } from '#libs/db/queries/pause-checks';
import { askForConsent, refuseConsent } from '#libs/db/queries/consent';
import { lockPerson } from '#libs/db/queries/person';
import { settleProbe } from '#libs/db/queries/settle-probe';
import { Wakeups, type OwedSignal, type WakeupSignal } from '#libs/db/queries/wakeups';
import { defaultCacheDir } from '#libs/embedded/cache-dir';
import type { ProbeStep } from '#libs/domain/probe';
import type { CheckOrder } from '#libs/domain/sms-command';
import { StopInReverse } from '#libs/embedded/children';
import { startPhones } from '#libs/embedded/phones';
import { freePort } from '#libs/embedded/ports';
import type { ObjectStore } from '#libs/storage/object-store';
import { TASK_QUEUES } from '#libs/temporal/task-queues';
import { TestClock } from '#libs/testing/clock';
import { Phones, type Phone } from '#libs/testing/phone';
import { createTestDatabase, testTimeSkippingServer } from '#libs/testing/test-servers';
import type { Mailer } from '#libs/mail/mailer';
import { createTwilioMessenger } from '#libs/twilio/twilio.messenger';
import { phaseQuery, probeWorkflowId } from '#workflows/probe/probe.contract';
import { createSignalSender } from '#workflows/signals.client';
import { createActivities } from './activities.provider.ts';
import { bundleWorkflows } from './bundle-workflows.ts';

/** How a person of a story is watched. */
export interface PersonOptions {
  cron?: string;
  maxRetries?: number;
  waitTimeInMinutes?: number;
  /** First names of the flagged contacts, in order. */
  contacts?: string[];
  timeZone?: string;
  /** The beginning and the end. */
  quietHours?: [from: string, to: string];
}

const TWILIO = {
  accountSid: `AC${'1'.repeat(32)}`,
  authToken: 'secret',
  messagingServiceSid: `MG${'1'.repeat(32)}`,
};

/**
 * The workflows with their real activities, database and phones, on a Temporal server that skips time: a wait of days
 * takes no time at all. The activities' clock follows the server's.
 */
export class TimeMachine {
  #people = 0;

  private constructor(
    readonly env: TestWorkflowEnvironment,
    readonly orm: MikroORM,
    readonly phones: Phones,
    readonly wakeups: Wakeups,
    readonly timeZone: string,
    private readonly stop: StopInReverse,
  ) {}

  /** Starts one; backups go to `store`, and are off without. */
  static async start({
    timeZone = 'UTC',
    mailer = null,
    store,
  }: { timeZone?: string; mailer?: Mailer | null; store?: ObjectStore } = {}): Promise<TimeMachine> {
    const stop = new StopInReverse();
    const folder = mkdtempSync(join(tmpdir(), 'kronus-time-machine-'));
    stop.add('folder', () => rmSync(folder, { recursive: true }));

    const database = await createTestDatabase('workflows');
    stop.add('database', () => database.drop());
    const orm = await MikroORM.init(ormConfig(database.url, 10));
    stop.add('orm', () => orm.close());
    await migrate(orm);

    const phones = await startPhones({
      port: await freePort(),
      webhookUrl: 'http://127.0.0.1:9/nobody',
      logFile: join(folder, 'phones.log'),
      accountSid: TWILIO.accountSid,
      authToken: TWILIO.authToken,
    });
    stop.add('phones', () => phones.stop());

    Runtime.install({ logger: new DefaultLogger('WARN') });
    const env = await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path: testTimeSkippingServer() } },
    });
    stop.add('server', () => env.teardown());

    const clock = new TestClock(await env.currentTimeMs());
    const wakeups = new Wakeups(orm, createSignalSender(env.client.workflow), (error) => {
      throw error;
    });
    const activities = createActivities({
      config: {
        publicUrl: 'http://127.0.0.1:9',
        timeZone,
        minuteMs: 60_000,
        twilio: { messagesPerSecond: null },
        heartbeat: { url: null, everyMinutes: 1 },
      },
      orm,
      wakeups,
      clock,
      backups: store
        ? new BackupMaker({
            orm,
            store,
            clock,
            databases: { readOnlyUrl: database.url, adminUrl: database.url },
            passPhrase: 'passphrase',
            retentionDays: 2,
            scratchDir: join(folder, 'scratch'),
            kronusVersion: '1.0.0',
            migrations: coreMigrations,
          })
        : null,
      client: env.client.workflow,
      mailer,
      messenger: createTwilioMessenger({
        ...TWILIO,
        apiBaseUrl: phones.url,
      }),
    });
    const followServerTime: ActivityInterceptors = {
      inbound: {
        async execute(input, next) {
          clock.set(await env.currentTimeMs());
          return next(input);
        },
      },
    };
    const codePath = await bundleWorkflows(defaultCacheDir());
    for (const taskQueue of Object.values(TASK_QUEUES)) {
      const worker = await Worker.create({
        taskQueue,
        activities,
        connection: env.nativeConnection,
        workflowBundle: { codePath },
        interceptors: { activity: [() => followServerTime] },
      });
      const running = worker.run();
      stop.add(taskQueue, async () => {
        worker.shutdown();
        await running;
      });
    }
    return new TimeMachine(env, orm, new Phones(phones.url), wakeups, timeZone, stop);
  }

  close(): Promise<void> {
    return this.stop.stopAll((name, error) => {
      if (error) console.error(name, error);
    });
  }

  /** Server time now. */
  async now(): Promise<Date> {
    return new Date(await this.env.currentTimeMs());
  }

  /** Lets server time pass until `instant`. */
  async travelTo(instant: Date): Promise<void> {
    const ms = instant.getTime() - (await this.env.currentTimeMs());
    if (ms > 0) await this.env.sleep(ms);
  }

  /** Lets time pass until the next year begins; answers that year. */
  async travelToNextYear(): Promise<number> {
    const year = (await this.now()).getUTCFullYear() + 1;
    await this.travelTo(new Date(Date.UTC(year, 0, 1)));
    return year;
  }

  /** Lets time pass until the moment after the person's next tick; answers the tick. */
  async travelPastTick(userId: number): Promise<Date> {
    const { nextTickAt } = await this.orm.em.fork().findOneOrFail(ProbeSettings, { userId });
    if (!nextTickAt) throw new Error('the schedule is off');
    await this.travelTo(new Date(nextTickAt.getTime() + 1_000));
    return nextTickAt;
  }

  /** Changes the person's schedule, as the API does. */
  reschedule(userId: number, cron: string): Promise<void> {
    return this.change(userId, async (_em, settings, now) => {
      settings.cronExpression = cron;
      settings.schedule(this.timeZone, now);
    });
  }

  /** Pauses the person's schedule, as the API does. */
  pause(userId: number, until: Date): Promise<void> {
    return this.change(userId, async (em, settings, now) => {
      const { wakeups, timeZone } = this;
      await pauseChecks(em, until, { wakeups, settings, timeZone, now });
    });
  }

  /** Ends the person's pause, as the API does. */
  resume(userId: number): Promise<void> {
    return this.change(userId, async (em, settings, now) => {
      const { wakeups, timeZone } = this;
      await resumeChecks(em, { wakeups, settings, timeZone, now });
    });
  }

  /** Lets the person's next tick be overdue, as after a time in which Kronus was away. */
  async makeOverdue(userId: number, since: Date): Promise<void> {
    await this.change(userId, async (_em, settings) => {
      settings.nextTickAt = since;
    });
  }

  /** Orders a one-off check, as the API does. */
  orderCheck(userId: number, order: CheckOrder): Promise<void> {
    return this.change(userId, async (em, _settings, now) => {
      await orderCheck(em, this.wakeups, { userId, order, now, minuteMs: 60_000 });
    });
  }

  private async change(
    userId: number,
    work: (em: EntityManager, settings: ProbeSettings, now: Date) => Promise<void>,
  ): Promise<void> {
    const now = await this.now();
    await this.orm.em.fork().transactional(async (em) => {
      await work(em, (await lockPerson(em, userId))!, now);
      await this.wakeups.record(em, { kind: 'probe', entityId: userId, signal: 'settingsChanged' });
    });
    this.wakeups.deliver('probe', userId);
    await this.wakeups.drain();
  }

  /** Switches the person's schedule off, as the API does. */
  async stopWatching(userId: number): Promise<void> {
    const now = await this.now();
    await this.orm.em.fork().transactional(async (em) => {
      const settings = (await lockPerson(em, userId))!;
      const pending = await em.findOne(Probe, { userId, status: 'pending' });
      settings.stop();
      pending?.settle('cancelled', 'cancelled_by_user', now);
      await this.wakeups.record(em, { kind: 'probe', entityId: userId, signal: 'settingsChanged' });
    });
    this.wakeups.deliver('probe', userId);
    await this.wakeups.drain();
  }

  /** Ends a story: nobody is watched any more, and nothing was sent that the story does not tell of. */
  async endStory(): Promise<void> {
    const everyone = await this.orm.em.fork().find(ProbeSettings, {});
    for (const { userId } of everyone) await this.stopWatching(userId);
    await this.phones.expectNothingElseSent().finally(() => this.phones.mark());
  }

  /** What the person's workflow waits for. */
  phase(userId: number): Promise<ProbeStep> {
    return this.env.client.workflow.getHandle(probeWorkflowId(userId)).query(phaseQuery);
  }

  /** A person with an active schedule, watched from now on. */
  async person(options: PersonOptions = {}) {
    const { cron = '0 18 * * *', maxRetries = 3, waitTimeInMinutes = 60, contacts = ['Hulk'] } = options;
    const [quietHoursFrom, quietHoursTo] = options.quietHours ?? [];
    const digits = String(1_000_000 + ++this.#people).slice(1);
    const em = this.orm.em.fork();
    const user = em.create(User, {
      clientId: DEFAULT_CLIENT_ID,
      email: `person${digits}@example.org`,
      roleId: ROLES.user,
      firstName: 'Tony',
      lastName: 'Stark',
      phoneNumber: `+1555${digits}0`,
    });
    await em.flush();
    const settings = em.create(ProbeSettings, {
      userId: user.id,
      cronExpression: cron,
      maxRetries,
      waitTimeInMinutes,
      timeZone: options.timeZone,
      quietHoursFrom,
      quietHoursTo,
    });
    const people = contacts.map((firstName, index) =>
      em.create(Contact, {
        userId: user.id,
        firstName,
        lastName: 'Banner',
        email: `c${index}@example.org`,
        phoneNumber: `+1555${digits}${index + 1}`,
        isEmergencyContact: true,
      }),
    );
    settings.schedule(this.timeZone, await this.now());
    await this.wakeups.record(em, { kind: 'probe', entityId: user.id, signal: 'settingsChanged' });
    await em.flush();
    this.wakeups.deliver('probe', user.id);
    await this.wakeups.drain();
    return {
      id: user.id,
      phone: this.phones.phone(user.phoneNumber!),
      contacts: people.map((contact) => this.phones.phone(contact.phoneNumber)),
    };
  }

  /** Decides the person's pending probe by a reply, as the webhook does. */
  async reply(userId: number, status: 'good' | 'bad'): Promise<void> {
    const now = await this.now();
    const { wakeups, timeZone } = this;
    const probeId = await this.orm.em.fork().transactional(async (em) => {
      const settings = (await lockPerson(em, userId))!;
      const probe = await em.findOneOrFail(Probe, { userId, status: 'pending' });
      await settleProbe(em, wakeups, { probe, settings, status, reason: 'replied', timeZone, now });
      await wakeups.record(em, { kind: 'probe', entityId: userId, signal: 'reply' });
      return probe.id;
    });
    wakeups.deliver('escalation', probeId);
    wakeups.deliver('probe', userId);
    await wakeups.drain();
  }

  /** Records that the contact who was alerted last takes it on, as the webhook does. */
  async acknowledge(probeId: number): Promise<void> {
    await this.tell(probeId, 'acknowledged', (em, now) =>
      em.execute(
        `update emergency_probes set acknowledged_at = ? where id =
         (select max(id) from emergency_probes where probe_id = ?)`,
        [now, probeId],
      ),
    );
  }

  /** Records that a contact refuses to be one, as the webhook does. */
  async refuse(userId: number, { number: phoneNumber }: Phone): Promise<void> {
    const now = await this.now();
    const refusal = { userId, phoneNumber, refusal: 'declined', cause: 'text/1', now } as const;
    await this.commit((em) => refuseConsent(em, this.wakeups, refusal));
  }

  /** Tells a contact that they are one, as the API does when they are added. */
  async addContact(userId: number, firstName: string, phoneNumber: string): Promise<Phone> {
    const now = await this.now();
    await this.commit(async (em) => {
      await lockPerson(em, userId);
      const contact = em.create(Contact, {
        userId,
        firstName,
        lastName: 'Banner',
        email: `${phoneNumber}@example.org`,
        phoneNumber,
        isEmergencyContact: true,
      });
      await em.flush();
      return askForConsent(em, this.wakeups, contact, now);
    });
    return this.phones.phone(phoneNumber);
  }

  private async commit(work: (em: EntityManager) => Promise<OwedSignal[]>): Promise<void> {
    const owed = await this.orm.em.fork().transactional(work);
    for (const { kind, entityId } of owed) this.wakeups.deliver(kind, entityId);
    await this.wakeups.drain();
  }

  /** Records a late yes, as the webhook does. */
  async allClear(probeId: number): Promise<void> {
    await this.tell(probeId, 'allClear', (em, now) =>
      em.nativeUpdate(Probe, { id: probeId }, { allClearAt: now }),
    );
  }

  private async tell(
    probeId: number,
    signal: WakeupSignal,
    change: (em: EntityManager, now: Date) => Promise<unknown>,
  ): Promise<void> {
    const now = await this.now();
    await this.orm.em.fork().transactional(async (em) => {
      await change(em, now);
      await this.wakeups.record(em, { kind: 'escalation', entityId: probeId, signal });
    });
    this.wakeups.deliver('escalation', probeId);
    await this.wakeups.drain();
  }

  /** The person's probes, oldest first. */
  probes(userId: number): Promise<Probe[]> {
    return this.orm.em.fork().find(Probe, { userId }, { orderBy: { id: 'asc' } });
  }
}
