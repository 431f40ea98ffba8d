import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { OtlpReceiver } from '#apps/e2e/otlp-receiver';
import { startTracing } from './otlp.tracing.ts';
import type { Tracing } from './tracing.ts';

const CAUSE = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
const step = { name: 'a step', kind: 'server', attributes: { number: 7 } } as const;

let tracing: Tracing | undefined;
afterEach(async () => {
  await tracing?.close();
  tracing = undefined;
});

describe('traces', () => {
  const collector = new OtlpReceiver();
  afterEach(() => collector.stop());

  it('are steps within steps, below what caused them, across waits', async () => {
    tracing = startTracing({ endpoint: await collector.start(), version: '1.2.3' });
    const outer = tracing.begin({ ...step, name: 'outer', cause: CAUSE });
    await outer.run(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      await tracing!.step({ ...step, name: 'inner' }, async () => {
        expect(tracing!.cause()).toMatch(/^00-a{32}-[\da-f]{16}-01$/);
      });
    });
    outer.end({ attributes: { status: 200 } });
    expect(tracing.cause()).toBeUndefined();
    await tracing.step({ ...step, name: 'alone', cause: 'nonsense' }, async () => undefined);
    await tracing.close();

    const [inner, outermost, alone] = collector.spans;
    expect([inner, outermost]).toMatchObject([
      { name: 'inner', traceId: 'a'.repeat(32), parentSpanId: outermost!.spanId },
      { name: 'outer', traceId: 'a'.repeat(32), parentSpanId: 'b'.repeat(16), attributes: { status: '200' } },
    ]);
    expect(alone).toMatchObject({ name: 'alone', parentSpanId: '' });
    expect(alone!.traceId).not.toBe(outermost!.traceId);
  });

  it('tell the type of what went wrong and never what it says', async () => {
    tracing = startTracing({ endpoint: await collector.start(), version: '1.2.3' });
    const failing = tracing.step(step, async () => Promise.reject(new RangeError('tony.stark@example.org')));
    await expect(failing).rejects.toThrow(RangeError);
    await tracing.close();
    expect(collector.spans.at(-1)!.attributes).toEqual({ number: '7', 'error.type': 'RangeError' });
    expect(collector.bytes.includes('tony')).toBe(false);
    expect(collector.bytes.includes('RangeError')).toBe(true);
  });
});

it('disturbs nothing when nobody takes the traces, and ends in time', async () => {
  tracing = startTracing({ endpoint: 'http://127.0.0.1:9', version: '1.2.3' });
  expect(await tracing.step(step, async () => 'done')).toBe('done');
  const since = performance.now();
  await tracing.close();
  expect(performance.now() - since).toBeLessThan(3_000);
});

it('is not loaded where nobody follows traces', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const script = `
    await import('#apps/cli/src/server');
    await import('#apps/api/src/main');
    await import('#apps/worker/src/main');
    const loaded = Object.keys((await import('node:module')).default._cache);
    console.log(loaded.some((file) => file.includes('@temporalio')), loaded.filter((file) => /opentelemetry.(sdk|exporter|otlp)/.test(file)));`;
  const flags = ['--import', './apps/cli/bin/source-hook.mjs', '--conditions=source', '--input-type=module'];
  const out = execFileSync(process.execPath, [...flags, '--eval', script], { cwd: root, encoding: 'utf8' });
  expect(out.trim()).toBe('true []');
}, 60_000);
