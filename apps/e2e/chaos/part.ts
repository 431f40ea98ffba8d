import { setTimeout as sleep } from 'node:timers/promises';
import type { Exit } from '#libs/embedded/children';

/** A process as a part sees it. */
export interface PartProcess {
  pid: number;
  exited: Promise<Exit>;
  stop(): Promise<void>;
}

const RESTART_MS = 1_000;
const MOST_STARTS = 5;

/**
 * One process of the cluster. One that ends by itself is started again after a second, as a service manager does; one
 * that was killed stays away until it is revived.
 */
export class Part {
  #process: PartProcess | undefined;
  #isWanted = false;
  #starting: Promise<void> | undefined;
  /** How often it ended without having been killed. */
  ownEnds = 0;

  constructor(
    readonly name: string,
    private readonly launch: () => Promise<PartProcess>,
  ) {}

  /** Starts it unless it runs; resolves when it is ready. */
  async revive(): Promise<void> {
    this.#isWanted = true;
    if (!this.#process) await (this.#starting ??= this.start().finally(() => (this.#starting = undefined)));
  }

  /** Ends it at once, as a power cut would, and keeps it away; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#isWanted = false;
    await this.#starting?.catch(() => undefined);
    const victim = this.#process;
    if (!victim) return;
    this.#process = undefined;
    try {
      process.kill(victim.pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    await victim.exited;
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    this.#isWanted = false;
    await this.#starting?.catch(() => undefined);
    await this.#process?.stop();
  }

  /** A start that fails is tried again, as a service manager does. */
  private async launchPatiently(): Promise<PartProcess> {
    for (let left = MOST_STARTS; ; left--) {
      try {
        return await this.launch();
      } catch (error) {
        this.ownEnds += 1;
        if (left <= 1 || !this.#isWanted) throw error;
        await sleep(RESTART_MS);
      }
    }
  }

  private async start(): Promise<void> {
    const started = await this.launchPatiently();
    this.#process = started;
    void started.exited.then(async () => {
      if (this.#process !== started) return;
      this.#process = undefined;
      if (!this.#isWanted) return;
      this.ownEnds += 1;
      await sleep(RESTART_MS);
      if (this.#isWanted) await this.revive().catch(() => undefined);
    });
  }
}
