import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createProbe } from '#libs/testing/factories/probe.factory';
import { createUser } from '#libs/testing/factories/user.factory';
import { testPostgresUrl } from '#libs/testing/test-servers';
import { TestApi } from '../api.fixture.ts';

const linesOf = (text: string, start: string) => text.split('\n').filter((line) => line.startsWith(start));

describe('GET /metrics', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await TestApi.start();
  });
  afterAll(() => api.stop());

  it('tells of requests and of the record, to anybody, without naming anybody', async () => {
    const user = await createUser(api.em());
    await createProbe(api.em(), user.id, 'bad');
    await api.call('GET', `/v1/users/${user.id}`);
    await api.call('GET', '/no/such/route');
    const { status, headers, text } = await api.call('GET', '/metrics');
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(linesOf(text, 'kronus_escalations_open')).toEqual(['kronus_escalations_open 1']);
    expect(linesOf(text, 'http_request_duration_seconds_count')).toEqual([
      'http_request_duration_seconds_count{method="GET",route="/v1/users/:uid",status="401"} 1',
      'http_request_duration_seconds_count{method="GET",route="unrouted",status="404"} 1',
    ]);
    for (const personal of [user.phoneNumber!, user.email, user.firstName!, user.lastName!])
      expect(text).not.toContain(personal);
  });

  it('does not ask the database for every reader', async () => {
    const user = await createUser(api.em());
    await createProbe(api.em(), user.id, 'bad');
    const { text } = await api.call('GET', '/metrics');
    expect(linesOf(text, 'kronus_escalations_open')).toEqual(['kronus_escalations_open 1']);
  });

  it('answers without its database, and says so', async () => {
    // One of its own, which has not read the backlog just now.
    const fresh = await TestApi.start();
    const [{ name }] = await fresh.em().execute<[{ name: string }]>(`select current_database() as name`);
    const admin = new pg.Client({ connectionString: testPostgresUrl() });
    await admin.connect();
    try {
      await admin.query(`alter database "${name}" with allow_connections false`);
      await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = $1`, [name]);
      const { status, text } = await fresh.call('GET', '/metrics');
      expect(status).toBe(200);
      expect(linesOf(text, 'kronus_')).toEqual([
        'kronus_up{part="postgres"} 0',
        'kronus_up{part="temporal"} 1',
        'kronus_up{part="provider"} 1',
      ]);
    } finally {
      await admin.query(`alter database "${name}" with allow_connections true`);
      await admin.end();
      await fresh.stop();
    }
  });
});

it('is no route where it is not switched on', async () => {
  const api = await TestApi.start({ KRONUS_METRICS_ENABLED: 'false' });
  const { status, body } = await api.call('GET', '/metrics');
  expect([status, body.error_codes]).toEqual([404, ['not_found']]);
  await api.stop();
});
