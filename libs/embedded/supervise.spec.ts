import { describe, expect, it } from '@jest/globals';
import type { Exit } from './children.ts';
import { supervise } from './supervise.ts';

/** A server whose end the test decides. */
class Fake {
  private readonly end = Promise.withResolvers<Exit>();
  readonly exited = this.end.promise;
  isStopped = false;

  constructor(readonly port: number) {}

  crash(): void {
    this.end.resolve({ code: null, signal: 'SIGKILL' });
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.end.resolve({ code: 0, signal: null });
  }
}

const scene = () => {
  const said: string[] = [];
  const started: Fake[] = [];
  const startedAgain = (count: number) => said.filter((line) => line.endsWith('runs again.')).length >= count;
  const gaveUp = Promise.withResolvers<string>();
  const options = { say: (line: string) => said.push(line), onGiveUp: gaveUp.resolve, backoffMs: 1 };
  const start = async (previous?: Fake): Promise<Fake> => {
    const fake = new Fake(previous?.port ?? 4711);
    started.push(fake);
    return fake;
  };
  const until = async (check: () => boolean): Promise<void> => {
    while (!check()) await new Promise((done) => setImmediate(done));
  };
  return { said, started, startedAgain, gaveUp: gaveUp.promise, options, start, until };
};

describe('supervise', () => {
  it('starts a crashed server again on the same port and says so', async () => {
    const { said, started, startedAgain, options, start, until } = scene();
    const server = await supervise('Temporal', start, options);
    server.current.crash();
    await until(() => startedAgain(1));
    expect(started).toHaveLength(2);
    expect(server.current).toBe(started[1]);
    expect(server.current.port).toBe(4711);
    expect(said).toEqual(['Temporal ended (SIGKILL); starting it again.', 'Temporal runs again.']);
    await server.stop();
  });

  it('does not start a server again that was asked to stop', async () => {
    const { started, options, start } = scene();
    const server = await supervise('Temporal', start, options);
    await server.stop();
    expect(started.map((fake) => fake.isStopped)).toEqual([true]);
  });

  it('counts a failed start as a crash and tries again', async () => {
    const { said, startedAgain, options, start, until } = scene();
    let failures = 0;
    const failOnce = (previous?: Fake): Promise<Fake> => {
      if (previous && failures++ === 0) return Promise.reject(new Error('port taken'));
      return start(previous);
    };
    const server = await supervise('Temporal', failOnce, options);
    server.current.crash();
    await until(() => startedAgain(1));
    expect(said[1]).toBe('Temporal ended (port taken); starting it again.');
    await server.stop();
  });

  it('gives up at the sixth crash within the window, with a sentence', async () => {
    const { started, startedAgain, gaveUp, options, start, until } = scene();
    const server = await supervise('Temporal', start, options);
    for (let crash = 1; crash <= 5; crash++) {
      server.current.crash();
      await until(() => startedAgain(crash));
    }
    server.current.crash();
    expect(await gaveUp).toBe('Temporal crashed 6 times within 60 s, the last time with SIGKILL; giving up.');
    expect(started).toHaveLength(6);
    await server.stop();
  });

  it('forgets crashes that are older than the window', async () => {
    const { startedAgain, options, start, until } = scene();
    const server = await supervise('Temporal', start, { ...options, maxCrashes: 1, windowMs: 0 });
    for (let crash = 1; crash <= 3; crash++) {
      server.current.crash();
      await until(() => startedAgain(crash));
    }
    await server.stop();
  });

  it('ends a server that comes up while the end is awaited', async () => {
    const { started, options, start, until } = scene();
    const gate = Promise.withResolvers<void>();
    let isStarting = false;
    const slow = async (previous?: Fake): Promise<Fake> => {
      if (previous) {
        isStarting = true;
        await gate.promise;
      }
      return start(previous);
    };
    const server = await supervise('Temporal', slow, options);
    server.current.crash();
    await until(() => isStarting);
    const stopped = server.stop();
    gate.resolve();
    await stopped;
    expect(started.map((fake) => fake.isStopped)).toEqual([true, true]);
  });
});
