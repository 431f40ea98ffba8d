import { createServer, type Server } from 'node:http';
import { afterEach, expect, it } from '@jest/globals';
import type { Backlog } from '#libs/domain/backlog';
import { Metrics } from './metrics.ts';
import { listenForMetrics, type MetricsListener } from './metrics.listener.ts';

const BACKLOG: Backlog = {
  messages: { delivered: 12, failed: 1 },
  unsentMs: { escalation: 1_500 },
  overdueCycles: { count: 2, oldestMs: 90_000 },
  owedSignals: { count: 3, oldestMs: 4_000 },
  unhandledTexts: { count: 0, oldestMs: 0 },
  openEscalations: 1,
  readBackMs: 30_000,
};
const never = <T>() => new Promise<T>(() => undefined);

let listener: MetricsListener | undefined;
let sdk: Server | undefined;
afterEach(async () => {
  await listener?.close();
  sdk?.close();
  listener = sdk = undefined;
});

/** An SDK's endpoint that answers so, or never. */
async function sdkThatAnswers(text: string | null, status = 200): Promise<string> {
  sdk = createServer((_, response) => text !== null && response.writeHead(status).end(text));
  await new Promise<void>((resolve) => sdk!.listen(0, '127.0.0.1', resolve));
  const { port } = sdk.address() as { port: number };
  return `http://127.0.0.1:${port}/metrics`;
}

const linesOf = (text: string, start: string) => text.split('\n').filter((line) => line.startsWith(start));

it('tells the backlog in seconds, and everything that there can be even when there is none', async () => {
  const text = await new Metrics(async () => BACKLOG).render();
  expect(linesOf(text, 'kronus_')).toEqual([
    'kronus_up{part="postgres"} 1',
    'kronus_messages{status="queued"} 0',
    'kronus_messages{status="sending"} 0',
    'kronus_messages{status="accepted"} 0',
    'kronus_messages{status="sent"} 0',
    'kronus_messages{status="delivered"} 12',
    'kronus_messages{status="undelivered"} 0',
    'kronus_messages{status="failed"} 1',
    'kronus_messages{status="canceled"} 0',
    'kronus_oldest_unsent_message_seconds{priority="escalation"} 1.5',
    'kronus_oldest_unsent_message_seconds{priority="follow_up"} 0',
    'kronus_oldest_unsent_message_seconds{priority="routine"} 0',
    'kronus_overdue_cycles 2',
    'kronus_oldest_overdue_cycle_seconds 90',
    'kronus_owed_signals 3',
    'kronus_oldest_owed_signal_seconds 4',
    'kronus_unhandled_inbound_messages 0',
    'kronus_oldest_unhandled_inbound_message_seconds 0',
    'kronus_escalations_open 1',
    'kronus_read_back_age_seconds 30',
  ]);
  expect(linesOf(text, 'process_cpu_seconds_total')).toHaveLength(1);
  expect(linesOf(text, '# HELP kronus_')).toHaveLength(11);
});

it('tells which parts are as they must be', async () => {
  const text = await new Metrics(
    async () => BACKLOG,
    async () => ({ temporal: false, provider: true }),
  ).render();
  expect(linesOf(text, 'kronus_up')).toEqual([
    'kronus_up{part="temporal"} 0',
    'kronus_up{part="provider"} 1',
    'kronus_up{part="postgres"} 1',
  ]);
});

it('counts requests by pattern, method and status', async () => {
  const metrics = new Metrics(async () => BACKLOG);
  metrics.observe({ method: 'GET', route: '/v1/users/:uid', status: 200, seconds: 0.02 });
  metrics.observe({ method: 'GET', route: '/v1/users/:uid', status: 200, seconds: 0.2 });
  const text = await metrics.render();
  const labels = 'method="GET",route="/v1/users/:uid",status="200"';
  expect(linesOf(text, `http_request_duration_seconds_count{${labels}} 2`)).toHaveLength(1);
  expect(linesOf(text, `http_request_duration_seconds_bucket{le="0.025",${labels}} 1`)).toHaveLength(1);
});

it.each<[string, () => Promise<Backlog>]>([
  ['fails', async () => Promise.reject(new Error('down'))],
  ['hangs', never],
])('says that PostgreSQL is away when it %s, within two seconds, and invents no numbers', async (_, read) => {
  const since = performance.now();
  const text = await new Metrics(read).render();
  expect(performance.now() - since).toBeLessThan(2_000);
  expect(linesOf(text, 'kronus_')).toEqual(['kronus_up{part="postgres"} 0']);
  expect(linesOf(text, 'process_cpu_seconds_total')).toHaveLength(1);
});

it.each<[string, string | null, number, string[]]>([
  ['answers', '# HELP x\ntemporal_x 1\n', 200, ['temporal_x 1']],
  ['refuses', 'temporal_x 1', 500, []],
  ['hangs', null, 200, []],
])('takes in what the SDK tells when it %s', async (_, answer, status, lines) => {
  const metrics = new Metrics(async () => BACKLOG);
  metrics.include(await sdkThatAnswers(answer, status));
  const since = performance.now();
  const text = await metrics.render();
  expect(performance.now() - since).toBeLessThan(2_000);
  expect(linesOf(text, 'temporal_')).toEqual(lines);
  expect(linesOf(text, 'kronus_overdue_cycles')).toHaveLength(1);
});

it('is served by a process that has no API, and nothing else is', async () => {
  listener = await listenForMetrics(new Metrics(async () => BACKLOG), { host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${listener.port}`;
  const answer = await fetch(`${url}/metrics`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  expect(linesOf(await answer.text(), 'kronus_overdue_cycles 2')).toHaveLength(1);
  expect((await fetch(`${url}/`)).status).toBe(404);
  expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);
});
