import { describe, expect, it } from '@jest/globals';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadDatabaseConfig } from './config.ts';

const load = (env: NodeJS.ProcessEnv) => loadDatabaseConfig({ mode: 'production', env, cwd: '/' });

describe('loadDatabaseConfig', () => {
  it('asks for nothing that is not about the database', () => {
    expect(load({ DATABASE_ADMIN_URL: 'postgres://a:b@c/d', KRONUS_PORT: 'high' })).toEqual({
      dataDir: join(homedir(), 'kronus'),
      database: { url: null, adminUrl: 'postgres://a:b@c/d', readOnlyUrl: null, poolSize: 10 },
      postgresPort: null,
    });
  });

  it('names every fault at once, and no secret', () => {
    const wrong = { DATABASE_URL: 'mysql://a:hunter2@b/c', KRONUS_POSTGRES_PORT: 'high' };
    expect(() => load(wrong)).toThrow(ConfigError);
    expect(() => load(wrong)).toThrow(
      [
        'database.url (DATABASE_URL) must be an address that begins with postgres://',
        'development.ports.postgres (KRONUS_POSTGRES_PORT) must be a whole number from 0 to 65535',
      ].join('\n'),
    );
  });
});
