import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrations } from '#libs/db/migrations/index';
import { PASSWORDS, RolesServer, run } from '#libs/db/roles.fixture';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const all = migrations.map(({ name }) => name);
let server: RolesServer;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kronus-db-command-'));
  server = await RolesServer.start();
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  code: number | string;
  out: string;
  err: string;
}

/** Runs the real command with nothing in its environment but what is given. */
function kronus(args: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const entry = ['--import', './apps/cli/bin/source-hook.mjs', '--conditions=source', 'apps/cli/src/main.ts'];
  return new Promise((resolve) => {
    const options = { cwd: root, env: { PATH: process.env.PATH, HOME: folder, ...env } };
    execFile(process.execPath, [...entry, ...args.split(' ')], options, (error, out, err) =>
      resolve({ code: error?.code ?? 0, out, err }),
    );
  });
}

/** Each run of the command starts a Node; a test that needs many of them may take as long on a busy machine. */
const MANY_COMMANDS_MS = 120_000;

const ODD = `p@:/ss'"\\`;
const passwords = { ADMIN_PASSWORD: ODD, MANAGER_PASSWORD: ODD, USER_PASSWORD: PASSWORDS.user };
const superuser = () => ({ DATABASE_SUPERUSER_URL: server.superuserUrl() });
/** Where the server is, as the source documents say it. */
const place = () => ({ DATABASE_HOST: '127.0.0.1', DATABASE_PORT: String(server.port) });
const asAdmin = () => ({ ...place(), ADMIN_PASSWORD: ODD });

describe('kronus db setup', () => {
  it('names every password that is missing', async () => {
    const { code, out, err } = await kronus('db setup', { ...superuser(), MANAGER_PASSWORD: 'x' });
    expect([code, out]).toEqual([1, '']);
    expect(err.trim().split('\n')).toEqual([
      '[Error] ADMIN_PASSWORD is required: the password of kronus_admin',
      '[Error] USER_PASSWORD is required: the password of kronus_user',
    ]);
  });

  it('makes roles, database and schema, and tells the addresses without the passwords; and can run again', async () => {
    const first = await kronus('db setup', { ...superuser(), ...passwords });
    expect(first).toMatchObject({ code: 0, err: '' });
    const address = `127.0.0.1:${server.port}/kronus`;
    for (const line of [
      '✓ roles kronus_admin, kronus_manager, kronus_user',
      '✓ database kronus, owned by kronus_admin',
      `✓ schema, ${all.length} migration(s) applied`,
      `DATABASE_URL            postgresql://kronus_manager:$MANAGER_PASSWORD@${address}`,
      `DATABASE_READ_ONLY_URL  postgresql://kronus_user:$USER_PASSWORD@${address}`,
      `DATABASE_ADMIN_URL      postgresql://kronus_admin:$ADMIN_PASSWORD@${address}`,
    ]) {
      expect(first.out).toContain(line);
    }
    for (const secret of [ODD, encodeURIComponent(ODD), PASSWORDS.user])
      expect(first.out).not.toContain(secret);
    // The superuser as the source documents name them, with psql's own variable for the password.
    const { password } = new URL(server.superuserUrl());
    const second = await kronus('db setup', { ...place(), PGPASSWORD: password, ...passwords });
    expect(second).toMatchObject({ code: 0, err: '' });
    expect(second.out).toContain('✓ schema, up to date');
    expect(await run(server.urlOf('kronus_manager', ODD, 'kronus'), `select name from clients`)).toEqual([
      { name: 'default' },
    ]);
  });

  it.each([
    ['a password that is missing', () => place(), 'it asks for a password'],
    [
      'a server that is not there',
      () => ({ DATABASE_PORT: '1' }),
      'cannot be reached at localhost:1/postgres (ECONNREFUSED)',
    ],
    ['a port that is none', () => ({ DATABASE_PORT: 'x' }), 'DATABASE_PORT must be a port, not x'],
    [
      'a name that is none',
      () => ({ ...superuser(), DATABASE_NAME: "a'b" }),
      'DATABASE_NAME must be made of',
    ],
    [
      'an address that is none',
      () => ({ DATABASE_SUPERUSER_URL: 'secret' }),
      'must be an address that begins with postgres://',
    ],
  ])('says %s in one sentence', async (_, env, sentence) => {
    const { code, out, err } = await kronus('db setup', { ...passwords, ...env() });
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^\[Error\] .*\n$/);
    expect(err).toContain(sentence);
    expect(err).not.toContain('secret');
  });

  it('is not for the server that comes along', async () => {
    expect((await kronus('db setup --dev', passwords)).err).toContain(
      'the server that comes along sets itself up',
    );
  });
});

describe('kronus db migrate, rollback and status', () => {
  it(
    'go down and up, one or all, as the owner',
    async () => {
      expect(await kronus('db migrate', asAdmin())).toMatchObject({
        code: 0,
        out: 'Nothing to do: the schema is up to date.\n',
      });
      // DB_PORT and DB_PASSWORD are what the source documents give to migrations.
      const old = { DATABASE_HOST: '127.0.0.1', DB_PORT: String(server.port), DB_PASSWORD: ODD };
      expect((await kronus('db rollback', old)).out).toBe(`✓ ${all.at(-1)} taken back\n`);
      const { code, err } = await kronus('db rollback --all', asAdmin());
      expect([code, err]).toEqual([1, expect.stringContaining('say --yes if that is meant')]);
      expect((await kronus('db rollback --all --yes', asAdmin())).out.split('\n')).toHaveLength(all.length);
      expect((await kronus('db migrate --one', asAdmin())).out).toBe(`✓ ${all[0]} applied\n`);
      expect((await kronus(`db migrate --to ${all[2]}`, asAdmin())).out).toBe(
        `✓ ${all[1]} applied\n✓ ${all[2]} applied\n`,
      );
      expect((await kronus('db migrate --to tomorrow', asAdmin())).err).toBe(
        '[Error] There is no migration tomorrow; "kronus db status" lists them.\n',
      );
      const status = await kronus('db status', {
        DATABASE_URL: server.urlOf('kronus_manager', ODD, 'kronus'),
      });
      const expected = all.map((name, index) => `${index < 3 ? 'applied' : 'pending'}  ${name}`);
      expect(status).toEqual({ code: 0, err: '', out: `${expected.join('\n')}\n` });
    },
    MANY_COMMANDS_MS,
  );

  it('say what is missing when only the service can log in, and change nothing', async () => {
    const asManager = { ...place(), MANAGER_PASSWORD: ODD };
    for (const args of ['db migrate', 'db rollback']) {
      const { code, err } = await kronus(args, asManager);
      expect([code, err]).toEqual([1, expect.stringContaining('DATABASE_ADMIN_URL is required')]);
    }
    expect((await kronus('db status')).err).toContain('DATABASE_URL is required');
  });

  it('take the addresses of a config file', async () => {
    const file = join(folder, 'config.yml');
    writeFileSync(file, `database:\n  adminUrl: "${server.urlOf('kronus_admin', ODD, 'kronus')}"\n`);
    expect((await kronus(`db migrate --config=${file}`)).out.split('\n')).toHaveLength(all.length - 3 + 1);
  });

  it('do not take back what only a newer version knows', async () => {
    const admin = server.urlOf('kronus_admin', ODD, 'kronus');
    await run(admin, `insert into migrations (name) values ('migration-29990101000000')`);
    expect((await kronus('db status', asAdmin())).out).toContain('unknown  migration-29990101000000');
    const { code, err } = await kronus('db rollback', asAdmin());
    expect([code, err]).toEqual([1, expect.stringContaining('does not know migration-29990101000000')]);
    await run(admin, `delete from migrations where name like '%2999%'`);
  });
});

describe('kronus api', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const production = {
    KRONUS_PRIVATE_KEY_PEM: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    KRONUS_PUBLIC_URL: 'http://localhost',
    KRONUS_PORT: '0',
    KRONUS_BACKUP_PASS_PHRASE: 'x',
    TWILIO_ACCOUNT_SID: 'AC1',
    TWILIO_AUTH_TOKEN: 'x',
    TWILIO_MESSAGING_SERVICE_SID: 'MG1',
    TEMPORAL_ADDRESS: '127.0.0.1:1',
  };

  it('does not start as kronus_manager on a schema that is behind', async () => {
    await kronus('db rollback', asAdmin());
    const DATABASE_URL = server.urlOf('kronus_manager', ODD, 'kronus');
    const { code, err } = await kronus('api --config=/dev/null', { ...production, DATABASE_URL });
    expect([code, err]).toEqual([
      1,
      '[Error] The database is 1 migration(s) behind this version, and its role may not change that: run "kronus db migrate" as its owner, or set DATABASE_ADMIN_URL.\n',
    ]);
  });
});

describe('kronus db connect', () => {
  const fake = () => join(folder, 'bin');
  beforeAll(() => {
    mkdirSync(fake(), { recursive: true });
    writeFileSync(join(fake(), 'psql'), '#!/bin/sh\nprintf "%s\\n" "$@" "$PGPASSWORD"\nexit 3\n');
    chmodSync(join(fake(), 'psql'), 0o755);
  });

  it.each([
    ['user', PASSWORDS.user],
    ['admin', ODD],
  ])(
    'runs psql as %s, with the password in its environment only, and ends as it does',
    async (role, password) => {
      const PATH = `${fake()}:${process.env.PATH}`;
      const { code, out } = await kronus(`db connect --as ${role}`, { ...place(), ...passwords, PATH });
      expect([code, out]).toEqual([
        3,
        `postgres://kronus_${role}@127.0.0.1:${server.port}/kronus\n${password}\n`,
      ]);
    },
  );

  it('says so when there is no psql', async () => {
    const { code, err } = await kronus('db connect', { ...place(), ...passwords, PATH: '/nowhere' });
    expect([code, err]).toEqual([1, expect.stringMatching(/^\[Error\] psql is not installed: .*\n$/)]);
  });

  it('opens the real one, as kronus_user when nothing else is said', async () => {
    if (spawnSync('psql', ['--version']).status !== 0) return console.warn('SKIPPED: there is no psql here');
    const env = { ...place(), ...passwords, PSQLRC: '/dev/null', PSQL_PAGER: 'cat' };
    const { out } = await new Promise<Ended>((resolve) => {
      const command = `echo 'select current_user' | node --import ./apps/cli/bin/source-hook.mjs --conditions=source apps/cli/src/main.ts db connect`;
      const options = { cwd: root, env: { PATH: process.env.PATH, HOME: folder, ...env } };
      execFile('sh', ['-c', command], options, (error, out, err) =>
        resolve({ code: error?.code ?? 0, out, err }),
      );
    });
    expect(out).toContain('kronus_user');
  });
});

describe('kronus db with the server that comes along', () => {
  it('starts it, works as each role, and leaves nothing running', async () => {
    const env = { KRONUS_DATA_DIR: join(folder, 'data') };
    const migrated = await kronus('db migrate --dev', env);
    expect([migrated.code, migrated.out.trim().split('\n')]).toEqual([
      0,
      all.map((name) => `✓ ${name} applied`),
    ]);
    expect((await kronus('db status --dev', env)).out.trim().split('\n')).toEqual(
      all.map((name) => `applied  ${name}`),
    );
    const left = spawnSync('pgrep', ['-f', env.KRONUS_DATA_DIR], { encoding: 'utf8' });
    expect(left.stdout).toBe('');
  });
});

describe('the scripts of the source documents', () => {
  const script = (command: string, args: string[], env: NodeJS.ProcessEnv) =>
    new Promise<Ended>((resolve) => {
      const options = { cwd: join(root, 'database'), env: { PATH: process.env.PATH, HOME: folder, ...env } };
      execFile(command, args, options, (error, out, err) => resolve({ code: error?.code ?? 0, out, err }));
    });

  it(
    'create the roles and the database, and move the schema',
    async () => {
      const { password } = new URL(server.superuserUrl());
      const env = { ...place(), PGPASSWORD: password, ...passwords };
      expect(await script('./create_user.sh', [], { ...env, USER_PASSWORD: '' })).toMatchObject({
        code: 1,
        err: '[Error] USER_PASSWORD is required: the password of kronus_user\n',
      });
      expect(await script('./create_user.sh', [], env)).toMatchObject({ code: 0, err: '' });
      expect(await script('./create_database.sh', [], env)).toMatchObject({ code: 0, err: '' });
      const migrating = { DATABASE_HOST: '127.0.0.1', DB_PORT: String(server.port), DB_PASSWORD: ODD };
      const make = (...args: string[]) => script('make', ['--silent', ...args], migrating);
      expect((await make('demigrateOne')).out).toBe(`✓ ${all.at(-1)} taken back\n`);
      expect((await make('demigrate')).code).not.toBe(0);
      expect((await make('demigrate', 'YES=1')).out.split('\n')).toHaveLength(all.length);
      expect((await make('migrateOne')).out).toBe(`✓ ${all[0]} applied\n`);
      expect((await make('migrate')).out.split('\n')).toHaveLength(all.length);
    },
    MANY_COMMANDS_MS,
  );
});

describe('kronus db drop', () => {
  it('needs a yes, then leaves nothing', async () => {
    expect(await kronus('db drop', superuser())).toMatchObject({
      code: 1,
      err: expect.stringContaining('say --yes if that is meant'),
    });
    expect(await kronus('db drop --yes', superuser())).toEqual({
      code: 0,
      err: '',
      out: '✓ the database kronus and the roles kronus_admin, kronus_manager, kronus_user are gone\n',
    });
    const left = `select rolname from pg_roles where rolname like 'kronus%'`;
    expect(await run(server.superuserUrl(), left)).toEqual([]);
  });
});
