/**
 * Releases a version: `npm run release -- x.y.z [--push] [--no-tests]`. Checks first and changes last: what does not hold
 * leaves everything as it was. The version is written in package.json (and its lock file), the date in CHANGELOG.md; a commit
 * and a tag hold both. Nothing leaves this machine without `--push`.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const USAGE = 'usage: npm run release -- x.y.z [--push] [--no-tests]';
const BRANCHES = ['main', 'master'];
const CHECKS = [['run', 'format:check'], ['run', 'lint'], ['run', 'types'], ['test']];

/** One sentence instead of a stack. */
class Refusal extends Error {}

const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();
const npm = (...args) => execFileSync('npm', args, { stdio: 'inherit' });

try {
  release(readCommandLine());
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(`release: ${error.message}`);
  process.exit(1);
}

function readCommandLine() {
  try {
    const options = { push: { type: 'boolean' }, 'no-tests': { type: 'boolean' } };
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (positionals.length !== 1) throw new Error('name one version');
    return { version: positionals[0], isPushed: values.push === true, isTested: !values['no-tests'] };
  } catch (error) {
    throw new Refusal(`${error.message}; ${USAGE}`);
  }
}

function release({ version, isPushed, isTested }) {
  assertNext(version);
  const branch = git('rev-parse', '--abbrev-ref', 'HEAD');
  if (!BRANCHES.includes(branch)) throw new Refusal(`releases are made on main, and this is ${branch}`);
  if (git('status', '--porcelain') !== '') throw new Refusal('there are changes that are not committed');
  const changelog = dated(readFileSync('CHANGELOG.md', 'utf8'), version);
  if (isTested) for (const check of CHECKS) npm(...check);

  writeFileSync('CHANGELOG.md', changelog);
  npm('version', version, '--no-git-tag-version', '--allow-same-version');
  git('add', 'CHANGELOG.md', 'package.json', 'package-lock.json');
  git('commit', '--quiet', '--allow-empty', '--message', `Release ${version}`);
  git('tag', '--annotate', `v${version}`, '--message', `Kronus ${version}`);
  if (isPushed) git('push', '--quiet', '--atomic', 'origin', branch, `v${version}`);
  console.log(
    `released v${version}${isPushed ? '' : `; publish it with: git push --atomic origin ${branch} v${version}`}`,
  );
}

/** The first release may be of the version that is written already. */
function assertNext(version) {
  if (!/^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/.test(version))
    throw new Refusal(`"${version}" has not the form x.y.z`);
  const { version: written } = JSON.parse(readFileSync('package.json', 'utf8'));
  const tags = git('tag', '--list', 'v*').split('\n').filter(Boolean);
  const released = tags.map((tag) => tag.slice(1));
  if (compare(version, written) < 0) throw new Refusal(`${version} is older than ${written}`);
  const notOlder = released.find((each) => compare(version, each) <= 0);
  if (notOlder !== undefined)
    throw new Refusal(`${version} is not newer than ${notOlder}, which is released`);
}

function compare(one, other) {
  const [a, b] = [one, other].map((text) => text.split('.').map(Number));
  const index = a.findIndex((part, at) => part !== b[at]);
  return index < 0 ? 0 : a[index] - b[index];
}

/** CHANGELOG.md with today's date at this version: what was unreleased until now becomes it. */
function dated(text, version) {
  const heading = `## [${version}] - ${new Date().toISOString().slice(0, 10)}`;
  const lines = text.split('\n');
  const isOf = (line, name) => line === `## [${name}]` || line.startsWith(`## [${name}] - `);
  const own = lines.findIndex((line) => isOf(line, version));
  const at = own >= 0 ? own : lines.findIndex((line) => isOf(line, 'Unreleased'));
  if (at < 0) throw new Refusal(`CHANGELOG.md has no section [${version}] or [Unreleased]`);
  const after = lines.findIndex((line, index) => index > at && line.startsWith('## '));
  const section = lines.slice(at + 1, after < 0 ? undefined : after);
  if (!section.some((line) => line.startsWith('- ')))
    throw new Refusal(`the section of ${version} in CHANGELOG.md lists nothing`);
  return lines.with(at, heading).join('\n');
}
