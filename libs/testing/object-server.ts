import { renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cached, defaultCacheDir, onPath } from '#libs/embedded/cache-dir';
import { startChild, type Child } from '#libs/embedded/children';
import { freePort } from '#libs/embedded/ports';
import type { Say } from '#libs/embedded/progress';
import { runCommand } from '#libs/embedded/run-command';

const VERSION = '1.56.1';
const PACKAGE = 'github.com/fsouza/fake-gcs-server';
const NAME = `fake-gcs-server-${VERSION}`;
const START_LIMIT_MS = 15_000;

/** A server that speaks as Google Cloud Storage does, with one bucket, in memory. */
export interface ObjectServer {
  url: string;
  bucket: string;
  stop(): Promise<void>;
}

/** The program of the object server: the cached one, else built with Go (about two minutes, once); undefined without Go. */
export const findObjectServer = (say: Say): Promise<string | undefined> =>
  cached(
    defaultCacheDir(),
    NAME,
    [
      async (target) => {
        const go = onPath('go');
        if (!go) return false;
        say('building the object server with Go, about two minutes, once');
        const env = { ...process.env, GOBIN: dirname(target), GOFLAGS: '' };
        await runCommand(go, ['install', `${PACKAGE}@v${VERSION}`], { env });
        renameSync(join(dirname(target), 'fake-gcs-server'), target);
        return true;
      },
    ],
    say,
  );

/** Starts an object server with an empty bucket. */
export async function startObjectServer(program: string, folder: string): Promise<ObjectServer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child: Child = await startChild({
    command: program,
    args: [
      '-scheme=http',
      '-host=127.0.0.1',
      '-public-host=127.0.0.1',
      `-port=${port}`,
      '-backend=memory',
      '-data=',
      '-log-level=error',
    ],
    env: { PATH: process.env.PATH },
    logFile: join(folder, 'object-server.log'),
    stopSignal: 'SIGTERM',
    stopLimitMs: 2_000,
  });
  const bucket = 'backups';
  const body = JSON.stringify({ name: bucket });
  const headers = { 'Content-Type': 'application/json' };
  for (const deadline = Date.now() + START_LIMIT_MS; ;) {
    const answer = await fetch(`${url}/storage/v1/b`, { method: 'POST', body, headers }).catch(() => null);
    if (answer?.ok) return { url, bucket, stop: () => child.stop() };
    if (!child.isRunning() || Date.now() > deadline) {
      await child.stop();
      throw new Error('the object server does not start');
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
