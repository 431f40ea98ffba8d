import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '#libs/domain/clock';
import {
  afterLook,
  backupHealth,
  HEALTH_PARTS,
  overallOf,
  PART_OFF,
  PART_UNKNOWN,
  PartFault,
  type BackupHealth,
  type BackupPlan,
  type BackupRecord,
  type HealthPart,
  type PartHealth,
} from '#libs/domain/health';
import { remembered } from './remembered.ts';

/** Looks at one part; rejects when it is not as it must be, with a `PartFault` where there is more to say. */
export type Look = () => Promise<unknown>;

/** How each part is looked at; null for one that is not in use. */
export interface HealthSources {
  postgres: Look;
  temporal: Look;
  /** Asked in the background only. */
  provider: Look;
  redis: Look | null;
  backups: () => Promise<BackupRecord>;
}

/** What is known of all parts. */
export interface HealthReport {
  overall: 'ok' | 'degraded' | 'down';
  parts: Record<Exclude<HealthPart, 'backups'>, PartHealth> & { backups: BackupHealth };
}

/** However often somebody asks, parts are looked at once in this time. */
const KEEP_MS = 1_000;
/** A part that does not answer within this time is down. */
const LOOK_LIMIT_MS = 1_200;
/** A look that hangs for longer is given up, so that a part can be seen to come back. */
const HANGING_MS = 10_000;
/** How long what is known of the provider is good for, and how soon one that was down is looked at again. */
const PROVIDER_MS = { ok: 5 * 60_000, down: 30_000, tooOld: 15 * 60_000 } as const;

/** Knows how the parts are that Kronus works with; asking costs them next to nothing, however often it is done. */
export class Health {
  readonly #postgres: Part;
  readonly #temporal: Part;
  readonly #redis: Part | null;
  readonly #provider: BackgroundPart;
  readonly #backups: () => Promise<BackupHealth>;

  /** All parts, looked at in parallel, within two seconds. Never rejects. */
  readonly report: () => Promise<HealthReport>;

  constructor(sources: HealthSources, plan: BackupPlan, clock: Clock) {
    this.#postgres = new Part(sources.postgres, clock);
    this.#temporal = new Part(sources.temporal, clock);
    this.#redis = sources.redis && new Part(sources.redis, clock);
    this.#provider = new BackgroundPart(new Part(sources.provider, clock));
    this.#backups = () => lookAtBackups(sources.backups, plan, clock);
    this.report = remembered(() => this.#look(), KEEP_MS);
  }

  /** Which parts answer and which do not, without those of which nothing is known. */
  async ups(): Promise<Partial<Record<HealthPart, boolean>>> {
    const { parts } = await this.report();
    const known = HEALTH_PARTS.filter((part) => parts[part].state === 'ok' || parts[part].state === 'down');
    return Object.fromEntries(known.map((part) => [part, parts[part].state === 'ok']));
  }

  async #look(): Promise<HealthReport> {
    this.#provider.refresh();
    const [postgres, temporal, redis, backups] = await Promise.all([
      this.#postgres.look(),
      this.#temporal.look(),
      this.#redis?.look() ?? PART_OFF,
      this.#backups(),
    ]);
    const parts = { postgres, temporal, provider: this.#provider.known, backups, redis };
    return { overall: overallOf(parts), parts };
  }
}

/** A part and what was seen of it. */
class Part {
  #known = PART_UNKNOWN;
  #running: { look: Promise<unknown>; since: number } | undefined;

  constructor(
    private readonly source: Look,
    private readonly clock: Clock,
  ) {}

  get known(): PartHealth {
    return this.#known;
  }

  async look(limitMs = LOOK_LIMIT_MS): Promise<PartHealth> {
    const fault = await faultOf(this.#join(), limitMs);
    return (this.#known = afterLook(this.#known, fault, this.clock.now()));
  }

  /** Looks, or waits for a look that is still under way: those of a part that hangs must not pile up. */
  #join(): Promise<unknown> {
    const now = performance.now();
    if (this.#running && now - this.#running.since < HANGING_MS) return this.#running.look;
    const running = { look: (async () => this.source())(), since: now };
    this.#running = running;
    const forget = () => {
      if (this.#running === running) this.#running = undefined;
    };
    running.look.then(forget, forget);
    return running.look;
  }
}

/** A part that costs too much to be looked at by whoever asks: they get what is known, and a new look begins. */
class BackgroundPart {
  #lookedAt = -Infinity;
  #isLooking = false;

  constructor(private readonly part: Part) {}

  get known(): PartHealth {
    const { known } = this.part;
    return this.#age() < PROVIDER_MS.tooOld ? known : { ...known, state: 'unknown', since: null };
  }

  /** Begins a look when what is known is not good any more. */
  refresh(): void {
    const isGood = this.#age() < PROVIDER_MS[this.part.known.state === 'ok' ? 'ok' : 'down'];
    if (isGood || this.#isLooking) return;
    this.#isLooking = true;
    void this.part.look(HANGING_MS).finally(() => {
      this.#lookedAt = performance.now();
      this.#isLooking = false;
    });
  }

  #age(): number {
    return performance.now() - this.#lookedAt;
  }
}

async function lookAtBackups(
  read: () => Promise<BackupRecord>,
  plan: BackupPlan,
  clock: Clock,
): Promise<BackupHealth> {
  let health: BackupHealth = { ...PART_UNKNOWN, lastProvenAt: null };
  const look = read().then((record) => (health = backupHealth(record, plan, clock.now())));
  const fault = await faultOf(look, LOOK_LIMIT_MS);
  return fault === null
    ? health
    : { ...PART_UNKNOWN, lastProvenAt: null, reason: 'the record does not tell' };
}

/** What is wrong with a part by the look at it, in words that may be shown; null when nothing is. */
async function faultOf(look: Promise<unknown>, limitMs: number): Promise<string | null> {
  const ended = new AbortController();
  const limit = sleep(limitMs, 'does not answer in time', { signal: ended.signal, ref: false });
  const seen = look.then(() => null, sentenceOf);
  const fault = await Promise.race([seen, limit.catch(() => null)]);
  ended.abort();
  return fault;
}

// Messages of errors hold addresses and names; codes of the operating system do not.
function sentenceOf(error: unknown): string {
  if (error instanceof PartFault) return error.message;
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^E[A-Z]+$/.test(code) ? `does not answer (${code})` : 'does not answer';
}
