import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { createUser } from '#libs/testing/factories/user.factory';
import { testPostgresUrl } from '#libs/testing/test-servers';
import { TestApi } from '../api.fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

it('is alive and ready', async () => {
  expect((await api.call('GET', '/health')).body).toEqual({ success: true, request_id: expect.any(String) });
  expect((await api.call('GET', '/v1/healthcheck')).body.data).toEqual({ database: 'ok' });
});

it('stays alive without its database, tells that it cannot work, and recovers', async () => {
  const [{ name }] = await api.em().execute<[{ name: string }]>(`select current_database() as name`);
  const admin = new pg.Client({ connectionString: testPostgresUrl() });
  await admin.connect();
  const token = await api.login(await createUser(api.em()));
  try {
    await admin.query(`alter database "${name}" with allow_connections false`);
    await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = $1`, [name]);
    expect((await api.call('GET', '/health')).status).toBe(200);
    for (const path of ['/v1/healthcheck', '/v1/whoami']) {
      const answer = await api.call('GET', path, { token });
      expect([path, answer.status, answer.body.error_codes]).toEqual([path, 503, ['not_ready']]);
    }
  } finally {
    await admin.query(`alter database "${name}" with allow_connections true`);
    await admin.end();
  }
  expect((await api.call('GET', '/v1/healthcheck')).status).toBe(200);
  expect((await api.call('GET', '/v1/whoami', { token })).status).toBe(200);
});
