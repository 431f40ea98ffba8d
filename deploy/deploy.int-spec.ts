import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

/** Stands for the container engine: knows the tags in `tags`, and a version named in `sick` never becomes well. */
const ENGINE = `#!/usr/bin/env bash
echo "$KRONUS_TAG $*" >>"$ENGINE/calls"
running() { cat "$ENGINE/running" 2>/dev/null; }
case "$*" in
  "pull --quiet "* | "image inspect "*) grep -qx "\${@: -1}" "$ENGINE/tags" ;;
  "compose run --rm setup") ! grep -qx "$KRONUS_TAG" "$ENGINE/unmigratable" ;;
  "compose up "*) echo "$KRONUS_TAG" >"$ENGINE/running" ;;
  "compose ps "*) echo "\${@: -1}-1"; echo "\${@: -1}-2" ;;
  "inspect "*) grep -qx "$(running)" "$ENGINE/sick" && echo 'running unhealthy' || echo 'running healthy' ;;
  "compose exec "* | "compose logs "*) ;;
  *) echo "unexpected: docker $*" >&2; exit 99 ;;
esac
`;

let root: string;
let engine: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kronus-deploy-'));
  engine = join(root, 'engine');
  mkdirSync(join(root, 'deploy'));
  mkdirSync(join(engine, 'bin'), { recursive: true });
  copyFileSync(fileURLToPath(new URL('./deploy.sh', import.meta.url)), join(root, 'deploy/deploy.sh'));
  writeFileSync(join(engine, 'bin/docker'), ENGINE);
  chmodSync(join(engine, 'bin/docker'), 0o755);
  know('tags', 'registry.example.org/kronus:aaa1111', 'registry.example.org/kronus:bbb2222');
  know('sick');
  know('unmigratable');
  writeFileSync(join(root, '.env'), 'KRONUS_IMAGE=registry.example.org/kronus\nSECRET=kept\n', {
    mode: 0o600,
  });
});
afterEach(() => rmSync(root, { recursive: true }));

const know = (what: string, ...lines: string[]) =>
  writeFileSync(join(engine, what), lines.map((line) => `${line}\n`).join(''));
const read = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
const running = () => read(join(engine, 'running')).trim();
const settings = () => read(join(root, '.env'));
const calls = () => read(join(engine, 'calls')).split('\n').filter(Boolean);

function deploy(...args: string[]) {
  const env = {
    PATH: `${engine}/bin:${process.env['PATH']}`,
    ENGINE: engine,
    DEPLOY_WAIT_SECONDS: '1',
    DEPLOY_PAUSE_SECONDS: '0.1',
  };
  const { status, stderr } = spawnSync('bash', [join(root, 'deploy/deploy.sh'), ...args], {
    env,
    encoding: 'utf8',
  });
  return { status, reason: stderr.trim().split('\n').at(-1) };
}

describe('deploy.sh', () => {
  it('migrates, starts, and remembers what is well', () => {
    expect(deploy('aaa1111')).toEqual({ status: 0, reason: '' });
    expect(running()).toBe('aaa1111');
    expect(settings()).toBe('KRONUS_IMAGE=registry.example.org/kronus\nSECRET=kept\nKRONUS_TAG=aaa1111\n');
    expect(execFileSync('stat', ['-c', '%a', join(root, '.env')], { encoding: 'utf8' }).trim()).toBe('600');
    const order = calls().filter((call) => /setup$| up /.test(call));
    expect(order).toEqual([
      'aaa1111 compose run --rm setup',
      'aaa1111 compose up --detach --no-build --remove-orphans',
    ]);
  });

  it('goes back by an older tag', () => {
    for (const tag of ['aaa1111', 'bbb2222', 'aaa1111']) expect(deploy(tag).status).toBe(0);
    expect([running(), settings().match(/KRONUS_TAG=.*/g)]).toEqual(['aaa1111', ['KRONUS_TAG=aaa1111']]);
  });

  it('brings the version from before back when the new one is not well', () => {
    deploy('aaa1111');
    know('sick', 'bbb2222');
    expect(deploy('bbb2222')).toEqual({
      status: 1,
      reason: 'deploy: bbb2222 is not well; aaa1111 runs again',
    });
    expect([running(), settings().match(/KRONUS_TAG=.*/g)]).toEqual(['aaa1111', ['KRONUS_TAG=aaa1111']]);
  });

  it('tells when neither is well', () => {
    deploy('aaa1111');
    know('sick', 'aaa1111', 'bbb2222');
    expect(deploy('bbb2222').reason).toBe('deploy: neither bbb2222 nor aaa1111 is well: look at it now');
  });

  it('leaves what runs when the database cannot be prepared', () => {
    deploy('aaa1111');
    know('unmigratable', 'bbb2222');
    expect(deploy('bbb2222').reason).toBe(
      'deploy: the database could not be prepared for bbb2222; aaa1111 goes on',
    );
    expect(running()).toBe('aaa1111');
  });

  it.each([
    [
      'an unknown tag',
      ['ccc3333'],
      'there is no image registry.example.org/kronus:ccc3333; nothing was changed',
    ],
    ['no tag', [], 'usage: deploy/deploy.sh TAG'],
    ['two tags', ['aaa1111', 'bbb2222'], 'usage: deploy/deploy.sh TAG'],
    ['an empty tag', [''], '"" is no tag'],
    ['what is no tag', ['a; reboot'], '"a; reboot" is no tag'],
    ['a flag', ['--help'], '"--help" is no tag'],
  ])('refuses %s, and changes nothing', (_, args, reason) => {
    const before = settings();
    expect(deploy(...args)).toEqual({ status: 1, reason: `deploy: ${reason}` });
    expect([running(), settings()]).toEqual(['', before]);
  });

  it('refuses when another deployment is under way', () => {
    const lock = join(root, '.deploy.lock');
    const held = spawnSync('flock', [lock, 'bash', join(root, 'deploy/deploy.sh'), 'aaa1111'], {
      env: { PATH: `${engine}/bin:${process.env['PATH']}`, ENGINE: engine },
      encoding: 'utf8',
    });
    expect(held.stderr).toContain('another deployment is under way');
  });
});
