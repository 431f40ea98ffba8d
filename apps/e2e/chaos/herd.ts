import { setTimeout as sleep } from 'node:timers/promises';
import type { PhoneMessage } from '#libs/testing/phone';
import { addPeople, farTick } from '../bench/people.ts';
import { TextLog } from '../bench/text-log.ts';
import type { Cluster } from './cluster.ts';
import { kindOf, type Member, type Temper } from './ledger.ts';
import type { Random } from './random.ts';

/** How a herd is made up. */
export interface HerdOptions {
  count: number;
  /** Whether some never answer; their alarm takes a minute or two. */
  hasSilent: boolean;
}

const SETUP_MS = 3_000;
const SETUP_PER_PERSON_MS = 20;
const POLL_MS = 100;
const LONGEST_PAUSE_MS = 3_000;
/** A silent person's only wait, in minutes: 60 s with the minute of the cluster. */
const SILENT_WAIT_MINUTES = 20;

/** People who are all due at the same moment, and their phones, which answer by themselves. */
export class Herd {
  /** Every text to and from the herd's phones, as the provider logged it. */
  readonly texts: PhoneMessage[] = [];
  readonly #byPhone = new Map<string, Member>();
  readonly #answering = new Set<Promise<unknown>>();
  #isOver = false;
  #watching: Promise<void> | undefined;

  private constructor(
    private readonly cluster: Cluster,
    private readonly random: Random,
    private readonly log: TextLog,
    readonly members: readonly Member[],
    /** Epoch milliseconds. */
    readonly dueAt: number,
  ) {
    for (const member of members) {
      this.#byPhone.set(member.phone, member);
      this.#byPhone.set(member.contactPhone, member);
    }
  }

  /** Adds people, starts their workflows, and lets their phones answer from now on. */
  static async gather(cluster: Cluster, random: Random, { count, hasSilent }: HerdOptions): Promise<Herd> {
    const log = new TextLog(cluster.phones);
    await log.pull();
    const dueAt = Date.now() + SETUP_MS + count * SETUP_PER_PERSON_MS;
    const schedule = { ...farTick(), nextTickAt: new Date(dueAt) };
    const people = await addPeople(cluster, { count, schedule });
    const members = people.map(({ id, phone, contactPhone }) => {
      return { id, phone, contactPhone, temper: temperOf(random.next(), hasSilent) };
    });
    const silent = members.filter(({ temper }) => temper === 'silent').map(({ id }) => id);
    if (silent.length > 0) {
      await cluster.sql(
        `update probe_settings set max_retries = 0, wait_time_in_minutes = ? where user_id in (?)`,
        [SILENT_WAIT_MINUTES, silent],
      );
    }
    await cluster.wake(members.map(({ id }) => id));
    const herd = new Herd(cluster, random, log, members, dueAt);
    herd.#watching = herd.watch();
    return herd;
  }

  /** How much of the herd was asked, from 0 to 1. */
  get share(): number {
    const asked = this.texts.filter(({ body }) => kindOf(body) === 'checkIn');
    return new Set(asked.map(({ to }) => to)).size / this.members.length;
  }

  /** Waits until so much of the herd was asked, or so long after the tick. */
  async untilShare(share: number, limitMs: number): Promise<void> {
    const deadline = this.dueAt + limitMs;
    while (this.share < share && Date.now() < deadline) await sleep(POLL_MS);
  }

  /** The phones answer no more; resolves when the last text of the log was read. */
  async disperse(): Promise<void> {
    this.#isOver = true;
    await this.#watching;
    await Promise.allSettled(this.#answering);
    await this.read();
  }

  private async watch(): Promise<void> {
    while (!this.#isOver) {
      await this.read();
      await sleep(POLL_MS);
    }
  }

  private async read(): Promise<void> {
    for (const text of await this.log.pull()) {
      const isInbound = text.direction === 'inbound';
      const member = this.#byPhone.get(isInbound ? text.from : text.to);
      if (!member) continue;
      this.texts.push(text);
      if (!isInbound && !this.#isOver) this.answer(member, text);
    }
  }

  private answer({ phone, contactPhone, temper }: Member, { body }: PhoneMessage): void {
    const kind = kindOf(body);
    if (kind === 'alert') this.say(contactPhone, ['1']);
    if (kind !== 'checkIn' && kind !== 'followUp') return;
    if (temper === 'unclear') this.say(phone, ['who is this?', 'yes']);
    else if (temper !== 'silent') this.say(phone, [temper]);
  }

  /** Texts after a moment; whether anybody takes it is not the phone's business. */
  private say(phone: string, bodies: string[]): void {
    const pauseMs = this.random.between(0, LONGEST_PAUSE_MS);
    const said = sleep(pauseMs).then(async () => {
      for (const body of bodies) await this.cluster.phones.phone(phone).texts(body);
    });
    this.#answering.add(said);
    void said.catch(() => undefined).finally(() => this.#answering.delete(said));
  }
}

function temperOf(chance: number, hasSilent: boolean): Temper {
  if (chance < 0.1) return 'no';
  if (chance < 0.15) return 'unclear';
  return hasSilent && chance < 0.2 ? 'silent' : 'yes';
}
