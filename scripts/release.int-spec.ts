import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const script = fileURLToPath(new URL('./release.mjs', import.meta.url));

let root: string;
let work: string;

/** A repository of the shape of ours, with somewhere to push to. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kronus-release-'));
  work = join(root, 'work');
  mkdirSync(join(work, 'scripts'), { recursive: true });
  copyFileSync(script, join(work, 'scripts/release.mjs'));
  const manifest = { name: 'kronus', version: '1.0.0', private: true };
  write('package.json', `${JSON.stringify(manifest, null, 2)}\n`);
  const lock = { name: 'kronus', version: '1.0.0', lockfileVersion: 3, requires: true, packages: {} };
  write('package-lock.json', `${JSON.stringify({ ...lock, packages: { '': manifest } }, null, 2)}\n`);
  write('CHANGELOG.md', '# Changelog\n\n## [1.0.0] - Unreleased\n\n- The first.\n');
  git('init', '--quiet', '--initial-branch=main');
  git('config', 'user.email', 'release@example.org');
  git('config', 'user.name', 'Release');
  git('add', '.');
  git('commit', '--quiet', '--message', 'Begin');
  execFileSync('git', ['init', '--quiet', '--bare', join(root, 'remote')]);
  git('remote', 'add', 'origin', join(root, 'remote'));
});
afterEach(() => rmSync(root, { recursive: true }));

const write = (file: string, text: string) => writeFileSync(join(work, file), text);
const read = (file: string) => readFileSync(join(work, file), 'utf8');
const git = (...args: string[]) => execFileSync('git', args, { cwd: work, encoding: 'utf8' }).trim();
const release = (...args: string[]) => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/release.mjs', ...args], {
    cwd: work,
    encoding: 'utf8',
  });
  return { status, stderr: stderr.trim() };
};
const commit = () => git('commit', '--quiet', '--all', '--message', 'Go on');
const today = () => new Date().toISOString().slice(0, 10);

describe('npm run release', () => {
  it('releases the version that is written, the first time', () => {
    expect(release('1.0.0', '--no-tests')).toEqual({ status: 0, stderr: '' });
    expect(git('tag')).toBe('v1.0.0');
    expect(git('log', '-1', '--format=%s')).toBe('Release 1.0.0');
    expect(read('CHANGELOG.md')).toContain(`## [1.0.0] - ${today()}\n`);
    expect(git('status', '--porcelain')).toBe('');
    expect(git('ls-remote', 'origin')).toBe('');
  });

  it('sets the version everywhere it is written, and publishes when it is told to', () => {
    write('CHANGELOG.md', '# Changelog\n\n## [Unreleased]\n\n- New.\n\n## [1.0.0] - 2026-01-01\n\n- Old.\n');
    commit();
    git('tag', 'v1.0.0');
    expect(release('1.1.0', '--no-tests', '--push')).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(read('package.json')).version).toBe('1.1.0');
    const lock = JSON.parse(read('package-lock.json'));
    expect([lock.version, lock.packages[''].version]).toEqual(['1.1.0', '1.1.0']);
    expect(read('CHANGELOG.md')).toContain(`## [1.1.0] - ${today()}\n\n- New.\n\n## [1.0.0] - 2026-01-01\n`);
    expect(git('ls-remote', 'origin')).toMatch(/refs\/heads\/main\n[^]*refs\/tags\/v1\.1\.0/);
  });

  it.each([
    ['nothing named', [], /name one version; usage/],
    ['two named', ['1.0.0', '1.0.1'], /name one version; usage/],
    ['an unknown flag', ['1.0.0', '--force'], /usage/],
    ['v in front', ['v1.0.0'], /"v1.0.0" has not the form x\.y\.z/],
    ['two numbers', ['1.0'], /form x\.y\.z/],
    ['a leading zero', ['1.01.0'], /form x\.y\.z/],
    ['an older one', ['0.9.9'], /0\.9\.9 is older than 1\.0\.0/],
    ['one without a section', ['1.10.0'], /no section \[1\.10\.0\] or \[Unreleased\]/],
  ])('refuses %s, and changes nothing', (_, args, reason) => {
    expect(refused(...args)).toMatch(reason);
  });

  it('refuses one that is released', () => {
    git('tag', 'v1.0.0');
    expect(refused('1.0.0')).toMatch(/1\.0\.0 is not newer than 1\.0\.0/);
  });

  it('compares numbers, not letters', () => {
    git('tag', 'v1.9.0');
    write('CHANGELOG.md', '## [1.10.0]\n\n- New.\n');
    commit();
    expect(release('1.10.0', '--no-tests').status).toBe(0);
  });

  it('refuses an empty section', () => {
    write('CHANGELOG.md', '## [Unreleased]\n\n## [1.0.0] - 2026-01-01\n\n- Old.\n');
    commit();
    expect(refused('1.1.0')).toMatch(/lists nothing/);
  });

  it('refuses changes that are not committed', () => {
    write('CHANGELOG.md', `${read('CHANGELOG.md')}- More.\n`);
    expect(release('1.0.0', '--no-tests').stderr).toMatch(/not committed/);
    expect(git('tag')).toBe('');
  });

  it('refuses another branch', () => {
    git('switch', '--quiet', '--create', 'try');
    expect(refused('1.0.0')).toMatch(/on main, and this is try/);
  });

  it('changes nothing when a check fails', () => {
    const { status } = release('1.0.0');
    expect(status).not.toBe(0);
    expect([git('tag'), git('status', '--porcelain')]).toEqual(['', '']);
  });
});

/** Why it was refused; nothing may have changed. */
function refused(...args: string[]): string {
  const [head, tags] = [git('rev-parse', 'HEAD'), git('tag')];
  const { status, stderr } = release(...args, '--no-tests');
  expect(status).toBe(1);
  expect([git('rev-parse', 'HEAD'), git('tag'), git('status', '--porcelain')]).toEqual([head, tags, '']);
  return stderr;
}
