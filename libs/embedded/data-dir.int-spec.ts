import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makePassable, openDataDir } from './data-dir.ts';
import { processIdentity } from './process-identity.ts';
import { startOwner } from './owner.fixture.ts';

const DEAD_PID = 2 ** 22 - 1;
let parent: string;
let folder: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'kronus-data-dir-'));
  folder = join(parent, 'data');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

describe('openDataDir', () => {
  it('creates the folder, holds it, and lets it go', () => {
    const held = openDataDir(folder);
    expect(held.path).toBe(folder);
    expect(() => openDataDir(folder)).toThrow(
      `The data folder ${folder} is in use by process ${process.pid};`,
    );
    held.release();
    expect(existsSync(join(folder, 'lock'))).toBe(false);
    openDataDir(folder).release();
  });

  it('tells which other process uses the folder, and takes it over when that one was killed', async () => {
    const owner = await startOwner(`
      import { openDataDir } from '#libs/embedded/data-dir';
      openDataDir(${JSON.stringify(folder)});
      report({ pid: process.pid });`);
    expect(() => openDataDir(folder)).toThrow(
      `is in use by process ${owner.pid}; stop it or set KRONUS_DATA_DIR`,
    );
    await owner.kill();
    openDataDir(folder).release();
  });

  it.each([
    ['a process that is gone', { pid: DEAD_PID, identity: 'x' }],
    ['a process whose id now belongs to another', { pid: process.pid, identity: 'an earlier start' }],
  ])('takes over the lock of %s', (_, holder) => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'lock'), JSON.stringify(holder));
    openDataDir(folder).release();
  });

  it('says so when the folder cannot be made', () => {
    writeFileSync(folder, '');
    expect(() => openDataDir(join(folder, 'inside'))).toThrow(
      /cannot be written \(ENOTDIR\); set KRONUS_DATA_DIR/,
    );
  });
});

describe('processIdentity', () => {
  it('stays the same for a process and is undefined for none', () => {
    expect(processIdentity(process.pid)).toBeTruthy();
    expect(processIdentity(process.pid)).toBe(processIdentity(process.pid));
    expect(processIdentity(DEAD_PID)).toBeUndefined();
  });
});

describe('makePassable', () => {
  it('adds the right to pass, and nothing else, where it is missing', () => {
    mkdirSync(folder);
    chmodSync(parent, 0o700);
    chmodSync(folder, 0o755);
    expect(makePassable(folder)).toEqual([parent]);
    expect(statSync(parent).mode & 0o777).toBe(0o711);
    expect(makePassable(folder)).toEqual([]);
  });
});
