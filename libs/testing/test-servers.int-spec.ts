import { afterAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase } from './test-servers.ts';

describe('the PostgreSQL of the test run', () => {
  const drops: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const drop of drops) await drop();
  });

  it('gives a test file a database of its own', async () => {
    const { url, drop } = await createTestDatabase();
    drops.push(drop);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query(`SELECT current_setting('TimeZone') AS zone, lower('ÄÖ') AS lower`);
    await client.end();
    expect(rows).toEqual([{ zone: 'UTC', lower: 'äö' }]);
  });
});
