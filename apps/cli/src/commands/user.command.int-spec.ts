import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApi } from '#apps/api/src/api.fixture';
import { User } from '#libs/db/entities/user.entity';
import { createClient } from '#libs/testing/factories/user.factory';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

/** Runs the real command on the database of the API. */
async function create(
  args: string[],
  password?: string,
): Promise<{ code: number; out: string; err: string }> {
  const entry = ['--import', './apps/cli/bin/source-hook.mjs', '--conditions=source', 'apps/cli/src/main.ts'];
  const words = [
    'user',
    'create',
    '--test',
    ...args,
    ...(password === undefined ? [] : ['--password-stdin']),
  ];
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, DATABASE_URL: api.databaseUrl };
  const child = spawn(process.execPath, [...entry, ...words], { cwd: root, env });
  child.stdin.end(password ?? '');
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (err += String(chunk)));
  const code = await new Promise<number>((resolve) => child.once('close', (status) => resolve(status ?? -1)));
  return { code, out, err };
}

const login = async (email: string, password: string) =>
  (await api.call('POST', '/login', { body: { email, password } })).status;
const find = (email: string) => api.em().findOneOrFail(User, { email });
const failure = (sentence: string) => ({ code: 1, out: '', err: `[Error] ${sentence}\n` });

// In this order: the first account is the first.
describe('kronus user create', () => {
  it('makes the first account, the admin of the platform, who can log in', async () => {
    expect(await create(['--email=first@example.com', '--role=admin'], 'very-secure')).toEqual(
      failure('the first account is the admin of the first client: leave role and client_id out'),
    );
    const { code, out, err } = await create(['--email=First@example.com'], 'very-secure\n');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(
      /^Created first@example.com: account \d+ \([\da-f-]{36}\), the platform's admin of client 1\.\n/,
    );
    expect(out).toMatch(/\nAPI key, shown only here: kro_[\w-]{43}\n$/);
    expect(out).not.toContain('very-secure');
    expect(await find('first@example.com')).toMatchObject({ isPlatformAdmin: true, roleId: 1 });
    expect(await login('first@example.com', 'very-secure')).toBe(200);
  }, 60_000);

  it('makes others in a client, by its id, UUID or name, with a role and a profile', async () => {
    const client = await createClient(api.em());
    const refs = [String(client.id), client.uuid, client.name];
    for (const [index, ref] of refs.entries()) {
      const profile = ['--first-name=Tony', '--last-name=Stark', `--phone=+1234567890${index}`];
      const args = [`--email=a${index}@example.com`, `--client=${ref}`, '--role=admin', '--json', ...profile];
      const { code, out } = await create(args);
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({
        email: `a${index}@example.com`,
        client_id: client.id,
        role: 'admin',
        is_platform_admin: false,
        api_keys: [{ key: expect.stringMatching(/^kro_/) }],
      });
    }
  }, 90_000);

  it('says how a password is set where there is none, and makes one that has to be changed', async () => {
    const phone = ['--first-name=a', '--last-name=b', '--phone=+12345678911'];
    const reachable = await create(['--email=b@example.com', ...phone]);
    expect(reachable.out).toContain('/login/forgot, by a code that they are sent.');
    expect((await create(['--email=c@example.com'])).out).toContain('no phone to send a code to');
    await create(['--email=d@example.com', '--must-change-password'], 'temporary');
    expect(await login('d@example.com', 'temporary')).toBe(403);
  }, 90_000);

  it('fails with a sentence, and makes nothing', async () => {
    const before = await api.em().count(User);
    expect(await create(['--email=e@example.com', '--client=nowhere'])).toEqual(
      failure('there is no client "nowhere"'),
    );
    expect(await create(['--email=first@example.com'])).toEqual(
      failure("user with the same 'email' already exists"),
    );
    expect(await create(['--email=f@example.com'], '')).toEqual(
      failure('there is no password on standard input'),
    );
    const wrong = await create(['--email=nonsense', '--role=king', '--phone=1']);
    expect([wrong.code, wrong.err.split('\n').filter((line) => line.startsWith('[Error] ')).length]).toEqual([
      1,
      wrong.err.trim().split('\n').length,
    ]);
    for (const name of ['email', 'role', 'phone_number', 'first_name']) expect(wrong.err).toContain(name);
    expect(await api.em().count(User)).toBe(before);
  }, 90_000);

  it("is in the audit log, as nobody's act", async () => {
    const token = await api.login({ email: 'first@example.com' });
    const { body } = await api.call('GET', '/v1/audit?action=users.create', { token });
    expect(body.data.length).toBeGreaterThan(3);
    for (const entry of body.data)
      expect(entry).toMatchObject({ actor_id: null, address: 'command line', user_id: expect.any(Number) });
  });
});
