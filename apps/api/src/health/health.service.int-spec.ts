import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { Alive, HealthView } from '#libs/contract/health.contract';
import { createUser } from '#libs/testing/factories/user.factory';
import { testPostgresUrl } from '#libs/testing/test-servers';
import { TestApi, type Answer } from '../api.fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

/** What is asked is remembered for a second: asks until the answer is as it should be. */
async function healthOnce(isSo: (answer: Answer) => boolean): Promise<Answer> {
  for (;;) {
    const answer = await api.call('GET', '/v1/healthcheck');
    if (isSo(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

it('says which version lives', async () => {
  const { status, body } = await api.call('GET', '/health');
  expect([status, body]).toEqual([
    200,
    { success: true, data: Alive.parse(body.data), request_id: expect.any(String) },
  ]);
  expect(body.data).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+\.\d+/), commit: 'undefined' });
});

it('tells how each part is', async () => {
  const { status, body } = await healthOnce(({ body }) => body.data?.parts.provider.state === 'ok');
  expect(status).toBe(200);
  const well = {
    state: 'ok',
    since: '2026-11-21T12:00:00.000Z',
    last_ok_at: '2026-11-21T12:00:00.000Z',
    reason: null,
  };
  const off = { state: 'off', since: null, last_ok_at: null, reason: null };
  expect(HealthView.parse(body.data)).toMatchObject({
    status: 'ok',
    parts: {
      postgres: well,
      temporal: well,
      provider: well,
      backups: { ...off, last_proven_at: null },
      redis: off,
    },
  });
});

it('is degraded, and no reason to restart, while something is away that Kronus survives', async () => {
  api.away.add('temporal');
  api.backups = {
    isEnabled: true,
    lastSucceededAt: new Date('2026-11-21T10:00:00Z'),
    lastFailedAt: null,
    lastProvenAt: new Date('2026-11-21T04:30:00Z'),
  };
  const { status, body } = await healthOnce(({ body }) => body.data?.status !== 'ok');
  expect([status, HealthView.parse(body.data)]).toMatchObject([
    200,
    {
      status: 'degraded',
      parts: {
        temporal: { state: 'down', reason: 'does not answer', last_ok_at: '2026-11-21T12:00:00.000Z' },
        backups: {
          state: 'down',
          since: '2026-11-21T11:00:00.000Z',
          last_ok_at: '2026-11-21T10:00:00.000Z',
          last_proven_at: '2026-11-21T04:30:00.000Z',
          reason: 'no backup succeeded of late',
        },
      },
    },
  ]);
  const { text } = await api.call('GET', '/metrics');
  expect(text).toContain('kronus_up{part="temporal"} 0');
  expect(text).toContain('kronus_up{part="backups"} 0');
  expect(text).not.toContain('kronus_up{part="redis"}');
  api.away.clear();
  api.backups = { ...api.backups, isEnabled: false };
  await healthOnce(({ body }) => body.data?.status === 'ok');
});

it('stays alive without its database, tells that it cannot work, and recovers', async () => {
  const [{ name }] = await api.em().execute<[{ name: string }]>(`select current_database() as name`);
  const admin = new pg.Client({ connectionString: testPostgresUrl() });
  await admin.connect();
  const token = await api.login(await createUser(api.em()));
  try {
    await admin.query(`alter database "${name}" with allow_connections false`);
    await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = $1`, [name]);
    const asked = await healthOnce(({ status }) => status !== 200);
    expect([asked.status, asked.body.error_codes]).toEqual([503, ['not_ready']]);
    expect((await api.call('GET', '/health')).status).toBe(200);
    const answer = await api.call('GET', '/v1/whoami', { token });
    expect([answer.status, answer.body.error_codes]).toEqual([503, ['not_ready']]);
  } finally {
    await admin.query(`alter database "${name}" with allow_connections true`);
    await admin.end();
  }
  await healthOnce(({ status }) => status === 200);
  expect((await api.call('GET', '/v1/whoami', { token })).status).toBe(200);
});
