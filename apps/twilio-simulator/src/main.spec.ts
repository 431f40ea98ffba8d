import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { accountSid, authToken, clientOf, ourNumber } from './simulator.fixture.ts';

const root = join(import.meta.dirname, '../../..');
const ann = '+15551230001';
type Child = ChildProcessByStdio<null, Readable, Readable>;

let folder: string;
const children: Child[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'simulator-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

function run(...flags: string[]): Child {
  const main = [
    '--import',
    './apps/cli/bin/source-hook.mjs',
    '--conditions=source',
    'apps/twilio-simulator/src/main.ts',
  ];
  const child = spawn(process.execPath, [...main, ...flags], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.setEncoding('utf8');
  child.stderr.setEncoding('utf8');
  children.push(child);
  return child;
}

const credentials = ['--account-sid', accountSid, '--auth-token', authToken];

async function line(stream: Readable, pattern: RegExp): Promise<RegExpExecArray> {
  let seen = '';
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    seen += chunk;
    const match = pattern.exec(seen);
    if (match) return match;
  }
  throw new Error(`No ${pattern} in: ${seen}`);
}

const ready = async (child: Child) => (await line(child.stdout, /^ready (http:\S+)\n/))[1]!;
const exitCode = async (child: Child) => (await once(child, 'close'))[0];

test('says when it is ready, prints texts, and ends on SIGTERM with requests open', async () => {
  const child = run(...credentials, '--print');
  const url = await ready(child);
  const printed = line(child.stdout, /.*\n/);
  await clientOf(url).messages.create({ to: ann, from: ourNumber, body: 'are you okay?' });
  expect((await printed)[0]).toBe(`to: ${ann}; body: are you okay?\n`);
  const open = fetch(`${url}/control/messages?since=1&waitMs=30000`).catch(() => 'cut');
  child.kill('SIGTERM');
  expect(await exitCode(child)).toBe(0);
  expect(await open).toBe('cut');
});

test('remembers after a SIGKILL what it had accepted', async () => {
  const journal = ['--journal', join(folder, 'journal.jsonl')];
  const first = run(...credentials, ...journal);
  const { sid } = await clientOf(await ready(first)).messages.create({ to: ann, from: ourNumber, body: 'x' });
  first.kill('SIGKILL');
  await exitCode(first);
  const second = run(...credentials, ...journal);
  expect(
    await clientOf(await ready(second))
      .messages(sid)
      .fetch(),
  ).toMatchObject({ to: ann, body: 'x' });
});

test('a taken port is one clear line and exit code 1', async () => {
  const url = await ready(run(...credentials));
  const second = run(...credentials, '--port', new URL(url).port);
  const [said, code] = await Promise.all([line(second.stderr, /[^]*\n/), exitCode(second)]);
  expect(said[0]).toBe('The port is taken by another program; choose one with --port.\n');
  expect(code).toBe(1);
});

test.each([
  [[], /^--account-sid must be given/],
  [['--account-sid', accountSid], /^--auth-token must be given/],
  [[...credentials, '--number', '555'], /^--number must be a phone number/],
  [[...credentials, '--colour'], /^Unknown option '--colour'[^]*usage: /],
])('refuses the flags %j', async (flags, said) => {
  const child = run(...flags);
  const [match, code] = await Promise.all([line(child.stderr, /[^]*\n/), exitCode(child)]);
  expect(match[0]).toMatch(said);
  expect(code).toBe(1);
});
