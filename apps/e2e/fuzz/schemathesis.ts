import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defaultCacheDir, onPath } from '#libs/embedded/cache-dir';
import { withLock } from '#libs/embedded/lock-file';
import { runCommand } from '#libs/embedded/run-command';

const VERSION = '4.32.5';
const LEAST_PYTHON = [3, 9] as const;
const run = promisify(execFile);

/** Why there is nothing to fuzz with. */
export class NoFuzzer extends Error {}

/**
 * The path of schemathesis, in a Python environment of its own in the cache folder, made the first time.
 * @throws NoFuzzer when Python is missing or too old, or the package can not be had
 */
export async function findSchemathesis(say: (what: string) => void): Promise<string> {
  const cacheDir = defaultCacheDir();
  const place = join(cacheDir, `schemathesis-${VERSION}`);
  const program = join(place, 'bin', 'schemathesis');
  if (existsSync(program)) return program;
  const python = await findPython();
  mkdirSync(cacheDir, { recursive: true });
  await withLock(
    `${place}.lock`,
    (pid) => say(`waiting for process ${pid}, which is fetching it`),
    async () => {
      if (existsSync(program)) return;
      // Programs of such an environment know where they stand, so it is made in its place, and whole or not at all.
      rmSync(place, { recursive: true, force: true });
      try {
        say('making a Python environment');
        await runCommand(python, ['-m', 'venv', place]);
        say('installing schemathesis');
        const pip = [
          '-m',
          'pip',
          'install',
          '--quiet',
          '--disable-pip-version-check',
          `schemathesis==${VERSION}`,
        ];
        await runCommand(join(place, 'bin', 'python'), pip);
      } catch (error) {
        rmSync(place, { recursive: true, force: true });
        throw new NoFuzzer(`schemathesis can not be installed: ${(error as Error).message.split('\n')[0]}`);
      }
    },
  );
  return program;
}

async function findPython(): Promise<string> {
  const python = onPath('python3');
  if (!python) throw new NoFuzzer('there is no python3');
  const { stdout } = await run(python, ['--version']).catch(() => ({ stdout: '' }));
  const [, major, minor] = /^Python (\d+)\.(\d+)/.exec(stdout)?.map(Number) ?? [];
  if (major !== LEAST_PYTHON[0] || (minor ?? 0) < LEAST_PYTHON[1])
    throw new NoFuzzer(`python3 is older than ${LEAST_PYTHON.join('.')}`);
  return python;
}
