import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

// Prints its id, then each signal; ends by itself with code 7 a moment after the first SIGTERM.
const PROGRAM = `
const signals: string[] = [];
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { signals.push(signal); console.log(signal); });
process.once('SIGTERM', () => setTimeout(() => process.exit(7), 200));
setInterval(() => undefined, 1e6);
console.log(process.pid, ...process.argv.slice(2));
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kronus-run-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program by `run.mjs` from a strange folder; its lines come one by one. */
const run = (text: string, ...args: string[]) => {
  const program = join(folder, 'program.ts');
  writeFileSync(program, text);
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const wrapper: ChildProcessByStdio<null, Readable, null> = spawn(
    process.execPath,
    [join(process.cwd(), 'apps/cli/bin/run.mjs'), program, ...args],
    { cwd: folder, stdio: [...stdio] },
  );
  const lines = createInterface({ input: wrapper.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string | undefined> => (await lines.next()).value as string | undefined;
  return { wrapper, next, ended: once(wrapper, 'exit') };
};

describe('run.mjs', () => {
  it('runs a TypeScript file from any folder and ends with its exit code', async () => {
    const { next, ended } = run(
      `type Code = 3; console.log(process.argv.slice(2).join()); process.exit(3 as Code);`,
      'a',
      'b c',
    );
    expect(await next()).toBe('a,b c');
    expect(await ended).toEqual([3, null]);
  });

  it('passes a signal on once, however many send it at the same time', async () => {
    const { wrapper, next, ended } = run(PROGRAM);
    await next();
    wrapper.kill('SIGINT');
    wrapper.kill('SIGINT');
    expect(await next()).toBe('SIGINT');
    wrapper.kill('SIGTERM');
    expect(await next()).toBe('SIGTERM');
    expect(await ended).toEqual([7, null]);
    expect(await next()).toBeUndefined();
  });

  it('ends the program, as by SIGTERM, when it is killed itself', async () => {
    const { wrapper, next } = run(PROGRAM);
    await next();
    wrapper.kill('SIGKILL');
    expect(await next()).toBe('SIGTERM');
    // The pipe ends with the last process that holds it.
    expect(await next()).toBeUndefined();
  });

  it('says how it is used', async () => {
    const child = spawn(process.execPath, ['apps/cli/bin/run.mjs'], { stdio: ['ignore', 'ignore', 'pipe'] });
    const [text] = (await once(child.stderr, 'data')) as [Buffer];
    expect(text.toString()).toMatch(/^Usage: run\.mjs jest/);
    expect(await once(child, 'exit')).toEqual([1, null]);
  });
});
