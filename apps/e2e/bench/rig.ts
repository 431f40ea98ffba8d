import { setTimeout as sleep } from 'node:timers/promises';
import type { MikroORM } from '@mikro-orm/postgresql';
import type { Client } from '@temporalio/client';
import { logTail, type Child } from '#libs/embedded/children';
import type { Phones } from '#libs/testing/phone';
import { wakeProbes } from './people.ts';

/** The process ids of the parts under measurement; PostgreSQL's is that of the parent of its processes. */
export interface RigProcesses {
  kronus: number;
  postgres: number;
  simulator: number;
}

/** What a rig consists of. */
export interface RigParts {
  /** The address of the API, also its public one. */
  url: string;
  /** The token that webhooks are signed with. */
  authToken: string;
  orm: MikroORM;
  temporal: Client;
  phones: Phones;
  pids: RigProcesses;
  kronus: Child;
  /** The file in which its Temporal keeps everything. */
  temporalFile: string;
  /** What Kronus printed. */
  logFile: string;
  /** Ends everything. */
  stop: () => Promise<void>;
}

/** A whole Kronus under measurement, with ways to look into its database, its Temporal and its phones. */
export class Rig {
  constructor(private readonly parts: RigParts) {}

  get url() {
    return this.parts.url;
  }

  get authToken() {
    return this.parts.authToken;
  }

  get temporal() {
    return this.parts.temporal;
  }

  get phones() {
    return this.parts.phones;
  }

  get temporalFile() {
    return this.parts.temporalFile;
  }

  get pids() {
    return this.parts.pids;
  }

  /** Ends everything that was started for the rig; resolves when it has ended. */
  stop(): Promise<void> {
    return this.parts.stop();
  }

  /**
   * Polls `check` until it is true.
   * @throws Error naming `what` when Kronus ends or the time is over
   */
  async until(
    what: string,
    limitMs: number,
    check: () => boolean | Promise<boolean>,
    pollMs = 100,
  ): Promise<void> {
    const { kronus, logFile } = this.parts;
    const deadline = performance.now() + limitMs;
    while (!(await check())) {
      if (!kronus.isRunning()) throw new Error(`Kronus ended: ${logTail(logFile, 20)}`);
      if (performance.now() > deadline) throw new Error(`not within ${limitMs / 1000} s: ${what}`);
      await sleep(pollMs);
    }
  }

  /** Runs SQL with `?` for parameters. */
  sql<Row extends object>(statement: string, params: unknown[] = []): Promise<Row[]> {
    return this.parts.orm.em.fork().execute<Row[]>(statement, params as never);
  }

  /** Delivers the signals that the database owes these people's workflows, as the API does after a commit. */
  wake(userIds: readonly number[]): Promise<void> {
    return wakeProbes(this.parts.orm, this.parts.temporal, userIds);
  }
}
