import { setTimeout as sleep } from 'node:timers/promises';
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { Backlog } from '#libs/domain/backlog';
import { renderBacklog, type Ups } from './backlog.gauges.ts';
import { remembered } from './remembered.ts';

/** A request that was answered; `route` is its pattern, never the path, which can name people. */
export interface AnsweredRequest {
  method: string;
  route: string;
  status: number;
  seconds: number;
}

/** The media type of Prometheus' text format. */
export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** However often somebody looks, the database is asked once in this time. */
const KEEP_BACKLOG_MS = 5_000;
/** A part that does not tell within this time is left out. */
const PART_LIMIT_MS = 1_500;

/** What one process tells about itself and about the record, for Prometheus: numbers only, nothing about a person. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Histogram<'method' | 'route' | 'status'>;
  readonly #backlog: () => Promise<Backlog>;
  readonly #ups: () => Promise<Ups>;
  readonly #more: (() => Promise<string>)[] = [];
  #sdkUrl: string | undefined;

  constructor(readBacklog: () => Promise<Backlog>, readUps: () => Promise<Ups> = async () => ({})) {
    this.#ups = readUps;
    this.#backlog = remembered(readBacklog, KEEP_BACKLOG_MS);
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'How long requests took that were answered.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [this.#registry],
    });
  }

  /** Counts a request that was answered. */
  observe({ method, route, status, seconds }: AnsweredRequest): void {
    this.#requests.observe({ method, route, status }, seconds);
  }

  /** From now on tells what Temporal's SDK tells at that address, too. */
  include(sdkUrl: string): void {
    this.#sdkUrl = sdkUrl;
  }

  /** From now on tells what this answers in Prometheus' text format, too. It is asked as seldom as for the backlog. */
  add(render: () => Promise<string>): void {
    this.#more.push(remembered(render, KEEP_BACKLOG_MS));
  }

  /** Everything in Prometheus' text format, within two seconds. Never throws: what does not tell in time is left out. */
  async render(): Promise<string> {
    const parts = await Promise.all([
      this.#registry.metrics().catch(() => ''),
      this.#renderBacklog(),
      ...this.#more.map((render) => withinLimit(render())),
      this.#sdkUrl === undefined ? '' : withinLimit(fetchText(this.#sdkUrl)),
    ]);
    return parts.map((part) => (part ? `${part.trimEnd()}\n` : '')).join('');
  }

  async #renderBacklog(): Promise<string> {
    const [backlog, ups] = await Promise.all([withinLimit(this.#backlog()), withinLimit(this.#ups())]);
    return renderBacklog(backlog, ups ?? {});
  }
}

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PART_LIMIT_MS) });
  return response.ok ? response.text() : '';
}

/** What `work` answers, or null when it fails or takes too long. */
async function withinLimit<T>(work: Promise<T>): Promise<T | null> {
  const ended = new AbortController();
  const limit = sleep(PART_LIMIT_MS, null, { signal: ended.signal, ref: false }).catch(() => null);
  const answer = await Promise.race([work.catch(() => null), limit]);
  ended.abort();
  return answer;
}
