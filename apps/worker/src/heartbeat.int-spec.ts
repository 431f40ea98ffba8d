import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LiveWorker } from './live-worker.fixture.ts';

const PATH = '/ping/4f1c';
const PING = `GET ${PATH}`;

/** A watchdog that notes how it is called. */
class Watchdog {
  status = 200;
  readonly #calls: string[] = [];
  readonly #server: Server = createServer((request, response) => {
    this.#calls.push(`${request.method} ${request.url}`);
    response.writeHead(this.status).end('OK');
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How it was called since this was asked last. */
  take(): string[] {
    return this.#calls.splice(0);
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

describe('the heartbeat', () => {
  const watchdog = new Watchdog();
  let worker: LiveWorker;
  beforeAll(async () => {
    const url = await watchdog.start();
    worker = await LiveWorker.start({ KRONUS_HEARTBEAT_URL: `${url}${PATH}` });
  }, 900_000);
  afterAll(async () => {
    await worker.phones.expectNothingElseSent().finally(() => worker.close());
    watchdog.stop();
  }, 60_000);

  /** Runs the reconciler a minute later; answers what became of the heartbeat, and what the watchdog heard. */
  async function aMinuteLater() {
    worker.clock.advance(60_000);
    const { heartbeat } = await worker.reconcile();
    return [heartbeat, watchdog.take()];
  }

  it('comes as soon as a worker is there, and then every minute', async () => {
    expect(watchdog.take()).toEqual([PING]);
    expect(await aMinuteLater()).toEqual(['sent', [PING]]);
    const { heartbeat } = await worker.reconcile();
    expect([heartbeat, watchdog.take()]).toEqual(['early', []]);
  }, 60_000);

  it('stops when somebody is not asked in time, and comes again once they are', async () => {
    const { phone } = await worker.person({ tickMinutesAgo: 3 });
    await worker.phones.call('/control/faults', { kind: 'error', status: 503 });
    expect(await aMinuteLater()).toEqual(['withheld', []]);
    expect(await aMinuteLater()).toEqual(['withheld', []]);
    await worker.phones.delete('/control/faults');
    await phone.receives('are you okay');
    expect(await aMinuteLater()).toEqual(['sent', [PING]]);
  }, 90_000);

  it('disturbs nothing when the watchdog does not take it', async () => {
    watchdog.status = 500;
    expect(await aMinuteLater()).toEqual(['unanswered', [PING]]);
    watchdog.status = 200;
    expect(await aMinuteLater()).toEqual(['sent', [PING]]);
  }, 60_000);
});
