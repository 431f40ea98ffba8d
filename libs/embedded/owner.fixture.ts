import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Another process that runs Kronus code, to be killed by a test. */
export interface Owner<T> {
  pid: number;
  reported: T;
  /** SIGKILL: the owner can do nothing more. */
  kill(): Promise<void>;
}

const FLAGS = ['--import', './apps/cli/bin/source-hook.mjs', '--conditions=source', '--input-type=module'];

/** Runs a module's text in another process until it calls `report(value)`; the process then lives on. */
export const startOwner = async <T>(module: string): Promise<Owner<T>> => {
  const text = `const report = (value) => console.log('REPORT' + JSON.stringify(value)); setInterval(() => 0, 1e6); ${module}`;
  const child = spawn(process.execPath, [...FLAGS, '-e', text], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('REPORT')) continue;
    const kill = async (): Promise<void> => {
      child.kill('SIGKILL');
      await ended;
    };
    return { pid: child.pid ?? 0, reported: JSON.parse(line.slice('REPORT'.length)) as T, kill };
  }
  throw new Error(`The owner ended without a report: ${errors}`);
};
