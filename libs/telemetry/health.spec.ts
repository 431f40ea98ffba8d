import { expect, it } from '@jest/globals';
import { systemClock } from '#libs/domain/clock';
import { PartFault, type BackupRecord } from '#libs/domain/health';
import { Health, type HealthSources } from './health.ts';

const NO_BACKUPS: BackupRecord = {
  isEnabled: false,
  lastSucceededAt: null,
  lastFailedAt: null,
  lastProvenAt: null,
};
const plan = {
  schedule: '*/20 * * * *',
  drillSchedule: '30 4 * * *',
  timeZone: 'UTC',
  since: new Date(),
};
const well = async () => undefined;
const never = () => new Promise<never>(() => undefined);
const failsWith = (error: unknown) => async () => Promise.reject(error);

const healthOf = (sources: Partial<HealthSources>) =>
  new Health(
    {
      postgres: well,
      temporal: well,
      provider: well,
      redis: null,
      backups: async () => NO_BACKUPS,
      ...sources,
    },
    plan,
    systemClock,
  );

it('tells each part apart', async () => {
  const health = healthOf({
    temporal: failsWith(new PartFault('the namespace is not there')),
    redis: failsWith(
      Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:6379'), { code: 'ECONNREFUSED' }),
    ),
    backups: async () => ({ ...NO_BACKUPS, isEnabled: true, lastSucceededAt: new Date() }),
  });
  const { overall, parts } = await health.report();
  expect(overall).toBe('degraded');
  expect(parts.postgres).toMatchObject({ state: 'ok', reason: null, lastOkAt: expect.any(Date) });
  expect(parts.temporal).toMatchObject({
    state: 'down',
    reason: 'the namespace is not there',
    lastOkAt: null,
  });
  expect(parts.redis).toMatchObject({ state: 'down', reason: 'does not answer (ECONNREFUSED)' });
  expect(parts.backups).toMatchObject({ state: 'ok' });
  expect(await health.ups()).toMatchObject({ postgres: true, temporal: false, backups: true, redis: false });
});

it('says nothing of what an error holds', async () => {
  const secret = new Error('password "hunter2" refused for kronus@10.0.0.7');
  const { parts } = await healthOf({ temporal: failsWith(secret), postgres: failsWith('hunter2') }).report();
  expect([parts.temporal.reason, parts.postgres.reason]).toEqual(['does not answer', 'does not answer']);
});

it('answers within two seconds when every part hangs', async () => {
  const health = healthOf({
    postgres: never,
    temporal: never,
    provider: never,
    redis: never,
    backups: never,
  });
  const since = performance.now();
  const { overall, parts } = await health.report();
  expect(performance.now() - since).toBeLessThan(2_000);
  expect(overall).toBe('down');
  expect(parts.postgres.reason).toBe('does not answer in time');
  expect(parts.backups).toMatchObject({ state: 'unknown', reason: 'the record does not tell' });
});

it('looks once, however many ask, and does not pile up looks at a part that hangs', async () => {
  let looks = 0;
  const health = healthOf({
    postgres: () => {
      looks++;
      return never();
    },
  });
  const first = health.report();
  const reports = await Promise.all(Array.from({ length: 1_000 }, () => health.report()));
  expect(new Set(reports).size).toBe(1);
  while (health.report() === first) await new Promise((resolve) => setTimeout(resolve, 20));
  expect((await health.report()).overall).toBe('down');
  expect(looks).toBe(1);
});

it('never lets anybody wait for the provider, and asks it again only when what is known is old', async () => {
  let asked = 0;
  const health = healthOf({
    provider: () => {
      asked++;
      return never();
    },
  });
  const since = performance.now();
  expect((await health.report()).parts.provider.state).toBe('unknown');
  await health.report();
  expect(performance.now() - since).toBeLessThan(500);
  expect(asked).toBe(1);
});
