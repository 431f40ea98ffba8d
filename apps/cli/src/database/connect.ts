import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { DatabaseRole } from '#libs/db/roles';
import { DatabaseFault } from '#libs/db/connect';
import { missingUrl } from './addresses.ts';
import { openDatabase, type DatabaseFlags } from './open.ts';

/**
 * `kronus db connect`: PostgreSQL's own shell as one of the roles. The password goes through the environment, never the
 * list of arguments, which everybody on the machine can read. The process ends with psql's own code.
 */
export async function connect({ as, ...flags }: DatabaseFlags & { as: DatabaseRole }): Promise<void> {
  const { urls, close } = await openDatabase(flags);
  try {
    const url = urls[as];
    if (url === null) throw missingUrl(as);
    process.exitCode = await psql(url);
  } finally {
    await close();
  }
}

function psql(url: string): Promise<number> {
  const address = new URL(url);
  const password = decodeURIComponent(address.password);
  address.password = '';
  // An option of the driver's that psql does not know.
  address.searchParams.delete('uselibpqcompat');
  const env = { ...process.env, ...(password ? { PGPASSWORD: password } : {}) };
  return new Promise((resolve, reject) => {
    const child = spawn('psql', [address.href], { env, stdio: 'inherit' });
    // Ctrl-C calls off a statement and does not end the shell.
    const pass = () => void child.kill('SIGINT');
    process.on('SIGINT', pass);
    child.once('error', (error: NodeJS.ErrnoException) => {
      const isMissing = error.code === 'ENOENT';
      reject(
        isMissing
          ? new DatabaseFault(
              'psql is not installed: it comes with the client programs of PostgreSQL (postgresql-client).',
            )
          : error,
      );
    });
    child.once('exit', (code, signal) => {
      process.off('SIGINT', pass);
      resolve(code ?? 128 + constants.signals[signal!]);
    });
  });
}
