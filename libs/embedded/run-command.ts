import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { forget, watch } from './watchdog.ts';

/** How a command is run. */
export interface CommandOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
  /** Receives each line that the command prints. */
  onLine?: (line: string) => void;
}

const KEPT_LINES = 10;

/**
 * Runs a program to its end; it ends early when this process does.
 * @throws Error with the last lines that it printed when it fails or cannot be started.
 */
export const runCommand = async (
  command: string,
  args: string[],
  options: CommandOptions = {},
): Promise<void> => {
  const { onLine, ...how } = options;
  const child = spawn(command, args, { ...how, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const { pid } = child;
  if (pid) watch(pid, 'SIGTERM');
  const last: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      last.push(line);
      if (last.length > KEPT_LINES) last.shift();
      onLine?.(line);
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => pid && forget(pid));
  if (code !== 0) throw new Error(`${basename(command)} failed: ${last.join('\n')}`);
};
