import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const scripts = fileURLToPath(new URL('../../../../scripts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'kronus-tunnel-'));
const identity = join(folder, 'identity file');
const opened = join(folder, 'opened');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Stands for ssh: a tunnel is a file that holds the arguments it was opened with. */
const SSH = `#!/bin/sh
socket=
for argument; do
  case $argument in check) exec test -f "$socket" ;; exit) exec rm "$socket" ;; esac
  [ "$previous" = -S ] && socket=$argument
  previous=$argument
done
[ -z "$REFUSES" ] || exit 255
printf '%s\\n' "$@" | tee "$socket" > ${JSON.stringify(opened)}
`;

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'bin'), { recursive: true });
  writeFileSync(join(folder, 'bin', 'ssh'), SSH, { mode: 0o755 });
  writeFileSync(identity, '');
});

function script(name: string, args: string[], env: NodeJS.ProcessEnv = {}) {
  const PATH = `${join(folder, 'bin')}:${process.env.PATH}`;
  const { status, stdout, stderr } = spawnSync(join(scripts, name), args, {
    encoding: 'utf8',
    env: { PATH, HOME: folder, ...env },
  });
  return { status, stdout, stderr };
}
const open = (args: string[], env?: NodeJS.ProcessEnv) => script('ec2-establish-db-tunnel.sh', args, env);
const close = (args: string[] = [], env?: NodeJS.ProcessEnv) => script('ec2-close-db-tunnel.sh', args, env);

describe('the tunnel to the database', () => {
  it('listens on this machine only, is opened once, and is closed once', () => {
    const { status, stdout } = open(['192.0.2.7', identity]);
    expect([status, stdout]).toEqual([0, expect.stringContaining('DATABASE_PORT=5000')]);
    const args = readFileSync(opened, 'utf8').trim().split('\n');
    expect(args).toEqual(expect.arrayContaining(['-L', '127.0.0.1:5000:127.0.0.1:5432', '-i', identity]));
    expect(args).toContain('ExitOnForwardFailure=yes');
    expect(args.at(-1)).toBe('ubuntu@192.0.2.7');
    expect(open(['192.0.2.7', identity])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('open on port 5000 already'),
    });
    expect(close()).toEqual({ status: 0, stdout: 'The tunnel on port 5000 is closed.\n', stderr: '' });
    expect(close()).toEqual({ status: 1, stdout: '', stderr: 'No tunnel is open on port 5000.\n' });
  });

  it('takes ports and user from the environment, so that there can be several', () => {
    const env = { LOCAL_DATABASE_PORT: '6000', REMOTE_DATABASE_PORT: '7000', EC2_USER_NAME: 'admin' };
    open(['db.example.org', identity]);
    expect(open(['db.example.org', identity], env).status).toBe(0);
    const args = readFileSync(opened, 'utf8');
    expect(args).toContain('127.0.0.1:6000:127.0.0.1:7000');
    expect(args).toContain('admin@db.example.org');
    expect(close([], env).status).toBe(0);
    expect(close().status).toBe(0);
  });

  it.each([
    ['no arguments', [], {}, 'Usage: '],
    ['one argument', ['192.0.2.7'], {}, 'Usage: '],
    ['three arguments', ['192.0.2.7', identity, 'x'], {}, 'Usage: '],
    ['a key that is missing', ['192.0.2.7', '/nowhere/key'], {}, 'There is no identity file /nowhere/key.'],
    ['an address that is an option', ['-oProxyCommand=x', identity], {}, 'must be a name or an IP address'],
    ['an address with a command', ['a;b', identity], {}, 'must be a name or an IP address'],
    ['a port that is none', ['192.0.2.7', identity], { LOCAL_DATABASE_PORT: '5x' }, 'must be ports, not: 5x'],
    ['a machine that refuses', ['192.0.2.7', identity], { REFUSES: '1' }, 'The tunnel could not be opened'],
  ])('refuses %s', (_, args, env, sentence) => {
    const { status, stdout, stderr } = open(args, env);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(sentence);
    expect(existsSync(opened)).toBe(false);
  });

  it('is not closed by a call with arguments', () => {
    expect(close(['5000'])).toMatchObject({ status: 1, stderr: expect.stringContaining('Usage: ') });
  });

  it('has scripts that the checker of shell scripts has nothing to say about', () => {
    const files = ['ec2-establish-db-tunnel.sh', 'ec2-close-db-tunnel.sh'].map((name) => join(scripts, name));
    const database = ['create_user.sh', 'create_database.sh'].map((name) =>
      join(scripts, '../database', name),
    );
    const { error, stdout } = spawnSync('shellcheck', [...files, ...database], { encoding: 'utf8' });
    if (error) return console.warn('SKIPPED: there is no shellcheck here');
    expect(stdout).toBe('');
  });
});
