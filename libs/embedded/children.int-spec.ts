import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { becomesReady, logTail, startChild, StopInReverse } from './children.ts';
import type { ChildSpec } from './children.ts';
import { startOwner } from './owner.fixture.ts';
import { isAlive } from './process-identity.ts';

const OWNER_DEATH_LIMIT_MS = 2_500;
const STUBBORN = `trap '' TERM INT; echo ready; while :; do sleep 0.1; done`;
const WILLING = `trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.02; done`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kronus-children-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const shell = (script: string, stopLimitMs = 5_000): ChildSpec => ({
  command: '/bin/sh',
  args: ['-c', script],
  env: process.env,
  logFile: join(folder, 'child.log'),
  stopSignal: 'SIGTERM',
  stopLimitMs,
});

const isGone = async (check: () => boolean, limitMs: number): Promise<boolean> => {
  for (const deadline = performance.now() + limitMs; performance.now() < deadline; await sleep(20))
    if (check()) return true;
  return false;
};

const start = async (spec: ChildSpec) => {
  const child = await startChild(spec);
  expect(await becomesReady(child, () => logTail(spec.logFile).includes('ready'), 5_000)).toBe(true);
  return child;
};

describe('startChild', () => {
  it('lets a willing child end by itself', async () => {
    const spec = shell(WILLING);
    const child = await start(spec);
    await child.stop();
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(logTail(spec.logFile)).toContain('bye');
    await child.stop();
  });

  it('kills a stubborn one when its time is over', async () => {
    const child = await start(shell(STUBBORN, 100));
    await child.stop();
    expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(child.isRunning()).toBe(false);
  });

  it('keeps the log of the run before', async () => {
    const first = await startChild(shell('echo first'));
    await first.exited;
    const second = await startChild(shell('echo second'));
    await second.exited;
    expect(readFileSync(join(folder, 'child.log'), 'utf8')).toBe('second\n');
    expect(readFileSync(join(folder, 'child.log.1'), 'utf8')).toBe('first\n');
  });

  it('says which program cannot be started', async () => {
    const spec = { ...shell(''), command: join(folder, 'missing') };
    await expect(startChild(spec)).rejects.toThrow(`${spec.command} cannot be started`);
  });
});

describe('when the owner is killed', () => {
  it('its children end, stubborn ones too, those that ended before are left alone, and its test folders go', async () => {
    const temporary = join(folder, 'a folder');
    mkdirSync(temporary);
    const specs = [
      shell(WILLING),
      { ...shell(STUBBORN), logFile: join(folder, 'other.log') },
      shell('exit 0'),
    ];
    const owner = await startOwner<number[]>(`
      import { startChild } from '#libs/embedded/children';
      import { removeAtEnd } from '#libs/embedded/watchdog';
      removeAtEnd(${JSON.stringify(temporary)});
      const children = [];
      for (const spec of ${JSON.stringify(specs)}) children.push(await startChild(spec));
      await children[2].exited;
      report(children.map((child) => child.pid));`);
    const [willing = 0, stubborn = 0, ended = 0] = owner.reported;
    expect([willing, stubborn, ended].map(isAlive)).toEqual([true, true, false]);
    await owner.kill();
    expect(await isGone(() => !isAlive(willing) && !isAlive(stubborn), OWNER_DEATH_LIMIT_MS)).toBe(true);
    expect(await isGone(() => !existsSync(temporary), OWNER_DEATH_LIMIT_MS)).toBe(true);
  });
});

describe('StopInReverse', () => {
  it('ends the last first, goes on after a failure, ends each once, and what comes late at once', async () => {
    const ended: string[] = [];
    const parts = new StopInReverse();
    parts.add('database', () => ended.push('database'));
    parts.add('broken', () => Promise.reject(new Error('no')));
    parts.add('api', async () => {
      await sleep(10);
      ended.push('api');
    });
    const reports: [string, unknown][] = [];
    await Promise.all([parts.stopAll((name, error) => reports.push([name, error])), parts.stopAll()]);
    expect(ended).toEqual(['api', 'database']);
    parts.add('late', () => ended.push('late'));
    await parts.stopAll();
    expect(ended).toEqual(['api', 'database', 'late']);
    expect(reports).toEqual([
      ['api', undefined],
      ['broken', new Error('no')],
      ['database', undefined],
    ]);
  });
});
