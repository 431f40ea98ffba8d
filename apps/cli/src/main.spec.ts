import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'kronus-cli-spec-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  code: number | string;
  out: string;
  err: string;
}

/** Runs the real command with nothing in its environment but what is given. */
function kronus(args: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const entry = ['--import', './apps/cli/bin/source-hook.mjs', '--conditions=source', 'apps/cli/src/main.ts'];
  const words = args.split(' ').filter(Boolean);
  return new Promise((resolve) => {
    const options = { cwd: root, env: { PATH: process.env.PATH, HOME: folder, ...env } };
    execFile(process.execPath, [...entry, ...words], options, (error, out, err) =>
      resolve({ code: error?.code ?? 0, out, err }),
    );
  });
}

const hint = 'Use "kronus [command] --help" for more information about a command.\n';

describe('kronus', () => {
  it.each(['', 'help', '--help', '-h', '-t', '--toggle'])('%s lists the commands and flags', async (args) => {
    const { code, out, err } = await kronus(args);
    expect([code, err]).toEqual([0, '']);
    for (const name of ['completion', 'help', 'server'])
      expect(out).toMatch(new RegExp(`^  kronus ${name} `, 'm'));
    for (const flag of ['--dev', '--test', '-h, --help', '-t, --toggle', '-v, --version'])
      expect(out).toContain(flag);
    expect(out.endsWith(hint)).toBe(true);
  });

  it.each(['-v', '--version'])('%s tells the version of the package and its commit', async (args) => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    const says = (commit: string) => ({
      code: 0,
      out: `kronus version v${version}\ncommit ${commit}\n`,
      err: '',
    });
    expect(await kronus(args)).toEqual(says('undefined'));
    expect(await kronus(args, { GIT_COMMIT_HASH: '1a2b3c4' })).toEqual(says('1a2b3c4'));
  });

  it.each(['help server', 'server --help', '--dev server -h'])('%s explains the command', async (args) => {
    const { code, out } = await kronus(args);
    expect(code).toBe(0);
    expect(out).toMatch(/^kronus server\n/);
    expect(out).toContain('--config');
  });

  it.each([
    ['nonsense', 'Unknown argument: nonsense'],
    ['--nonsense', 'Unknown argument: nonsense'],
    ['server --dev nonsense', 'Unknown argument: nonsense'],
    ['server --dev --nonsense', 'Unknown argument: nonsense'],
    ['server --dev --test', 'Arguments dev and test are mutually exclusive'],
    ['help nonsense', '"nonsense"'],
    ['completion tcsh', '"bash", "zsh", "fish"'],
    ['user', 'Name one of its commands: create'],
    ['user create --dev', 'Missing required argument: email'],
    ['user create --email=a@b.co', 'required flag "config" is not set'],
  ])('%s ends with 1, a sentence and a hint', async (args, sentence) => {
    const { code, out, err } = await kronus(args);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^Error: /);
    expect(err).toContain(sentence);
    expect(err).toContain('Run "kronus --help" for usage.');
  });
});

describe('kronus completion', () => {
  it.each(['bash', 'zsh', 'fish'])('writes a script that %s can read', async (shell) => {
    const { code, out } = await kronus(`completion ${shell}`);
    expect(code).toBe(0);
    expect(out).toContain('kronus');
    const script = join(folder, `completion.${shell}`);
    writeFileSync(script, out);
    const check = spawnSync(shell, ['-n', script], { encoding: 'utf8' });
    const isInstalled = (check.error as NodeJS.ErrnoException | undefined)?.code !== 'ENOENT';
    if (isInstalled) expect([check.status, check.stderr]).toEqual([0, '']);
  });

  it('makes bash complete commands, their arguments and flags', async () => {
    const { out } = await kronus('completion bash');
    const node = [process.execPath, '--import', './apps/cli/bin/source-hook.mjs', '--conditions=source'];
    const command = join(folder, 'kronus');
    writeFileSync(command, `#!/bin/sh\ncd '${root}' && exec ${node.join(' ')} apps/cli/src/main.ts "$@"\n`, {
      mode: 0o755,
    });
    const complete = (...words: string[]) => {
      const line = words.map((word) => `'${word}'`).join(' ');
      const script = `${out}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _kronus; printf '%s\\n' "\${COMPREPLY[@]}"`;
      // A login shell of another kind must not change the answers.
      const env = { PATH: `${folder}:${process.env.PATH}`, SHELL: '/bin/zsh' };
      return spawnSync('bash', ['-c', script], { encoding: 'utf8', env }).stdout.trim().split('\n');
    };
    expect(complete('kronus', '').sort()).toEqual([
      'api',
      'backup',
      'completion',
      'db',
      'help',
      'server',
      'user',
      'worker',
    ]);
    expect(complete('kronus', 'se')).toEqual(['server']);
    expect(complete('kronus', 'completion', 'b')).toEqual(['bash']);
    expect(complete('kronus', 'server', '--c')).toEqual(['--config']);
  });
});

describe('kronus server', () => {
  it('needs a config file', async () => {
    const { code, err } = await kronus('server');
    expect(code).toBe(1);
    expect(err).toContain('required flag "config" is not set');
    expect((await kronus('server --config')).err).toContain('config');
  });

  it('says when it cannot read the config file', async () => {
    const { code, err } = await kronus('server --config=absent.yml');
    expect(code).toBe(1);
    expect(err).toContain('unable to read server config file: ');
    expect(err).toContain('absent.yml: no such file or directory');
  });

  it('prints a line for each fault of the configuration', async () => {
    const file = join(folder, 'config.yml');
    writeFileSync(file, 'kronus:\n  publicUrl: https://my-app.com\n  listener:\n    port: high\n');
    const { code, out, err } = await kronus(`server --config=${file}`);
    expect([code, out]).toEqual([1, '']);
    expect(err.trim().split('\n')).toEqual([
      '[Error] kronus.privateKeyPem (KRONUS_PRIVATE_KEY_PEM) is required',
      '[Error] kronus.listener.port (KRONUS_PORT) must be a whole number from 0 to 65535',
      '[Error] twilio.accountSid (TWILIO_ACCOUNT_SID) is required',
      '[Error] twilio.authToken (TWILIO_AUTH_TOKEN) is required',
      '[Error] twilio.messagingServiceSid (TWILIO_MESSAGING_SERVICE_SID) is required',
      '[Error] backup.passPhrase (KRONUS_BACKUP_PASS_PHRASE) is required',
    ]);
  });

  it.each(['server --dev', '--dev server'])('%s reads the environment too', async (args) => {
    const { code, err } = await kronus(args, { KRONUS_PORT: 'high' });
    expect(code).toBe(1);
    expect(err).toBe('[Error] kronus.listener.port (KRONUS_PORT) must be a whole number from 0 to 65535\n');
  });
});
