import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Say } from '#libs/embedded/progress';
import { ROOT } from './compose-file.ts';

/** An instruction of a Dockerfile. */
export interface Instruction {
  keyword: string;
  rest: string;
}

/** The instructions of the first stage, and those of the image itself. */
export interface Stages {
  build: Instruction[];
  image: Instruction[];
}

const run = promisify(execFile);

/** Reads the Dockerfile: comments away, continued lines joined. @throws Error when it has not two stages */
export function readDockerfile(text = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')): Stages {
  const lines = text
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stages: Instruction[][] = [];
  for (const line of lines) {
    const [, keyword = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    if (keyword === 'FROM') stages.push([]);
    stages.at(-1)?.push({ keyword, rest });
  }
  const [build, image, ...others] = stages;
  if (!build || !image || others.length > 0) throw new Error('the Dockerfile should have two stages');
  return { build, image };
}

/** Where in the folder of a build that is which ends up in the image. */
export const rootOf = (folder: string): string => join(folder, 'root');

/**
 * Does what the Dockerfile says in `folder`, where there is no container engine: the first stage in `folder/build`, and
 * what the image holds beyond its base in `folder/root`. Instructions that change the base (`apt-get` and the like) are
 * left out. Answers the path of `root`.
 */
export async function buildImage(folder: string, say: Say): Promise<string> {
  const stages = readDockerfile();
  const build = join(folder, 'build');
  // Under its own name only when it is whole.
  const root = `${rootOf(folder)}.unfinished`;
  for (const left of [build, root]) rmSync(left, { recursive: true, force: true });
  const context = await contextFiles();
  mkdirSync(build, { recursive: true });
  for (const { keyword, rest } of stages.build) {
    if (keyword === 'COPY') copyFromContext(rest, build, context);
    if (keyword !== 'RUN') continue;
    say(rest.slice(0, 60));
    await shell(rest, build);
  }
  for (const { keyword, rest } of stages.image)
    if (keyword === 'COPY') copyIntoImage(rest, { build, root, context });
  rmSync(build, { recursive: true });
  renameSync(root, rootOf(folder));
  return rootOf(folder);
}

/** Runs a step in `build`, which is /app there. What this process was told must not reach it. */
async function shell(step: string, build: string): Promise<void> {
  const { PATH, HOME } = process.env;
  const child = spawn('/bin/sh', ['-c', step.replaceAll('/app/', `${build}/`)], {
    cwd: build,
    env: { PATH, HOME },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // With everything that it started.
  const end = () => process.kill(-child.pid!, 'SIGKILL');
  process.once('exit', end);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  process.off('exit', end);
  if (code !== 0) throw new Error(`a step of the Dockerfile failed: ${step}\n${printed.slice(-2_000)}`);
}

/** What .dockerignore lets through of what is in the repository or may come to be. */
async function contextFiles(): Promise<string[]> {
  const listed = ['ls-files', '--cached', '--others', '--exclude-standard'];
  const { stdout } = await run('git', listed, { cwd: ROOT, maxBuffer: 16 * 1024 * 1024 });
  const isIgnored = readDockerignore(readFileSync(join(ROOT, '.dockerignore'), 'utf8'));
  return stdout.split('\n').filter((file) => file !== '' && existsSync(join(ROOT, file)) && !isIgnored(file));
}

/** Whether a .dockerignore keeps a file out: the last pattern decides that is about it or a folder above it. */
export function readDockerignore(text: string): (file: string) => boolean {
  const patterns = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ isException: line.startsWith('!'), pattern: toRegExp(line.replace(/^!/, '')) }));
  return (file) => {
    const parts = file.split('/');
    const paths = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
    const last = patterns.findLast(({ pattern }) => paths.some((path) => pattern.test(path)));
    return last !== undefined && !last.isException;
  };
}

/** `*` is any name or part of one, hidden ones too; `**` is any number of folders. */
function toRegExp(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[.+^$()|[\]{}\\]/g, '\\$&')
    .replaceAll(/\*\*\/|\*/g, (stars) => (stars === '*' ? '[^/]*' : '(?:.*/)?'));
  return new RegExp(`^${source}$`);
}

function copyFromContext(rest: string, target: string, context: string[]): void {
  const words = rest.split(/\s+/);
  const sources = words.slice(0, -1);
  const files = sources.includes('.') ? context : sources;
  for (const file of files) {
    if (!context.includes(file)) throw new Error(`${file} is copied, but .dockerignore keeps it out`);
    copy(join(ROOT, file), join(target, file));
  }
}

function copyIntoImage(
  rest: string,
  { build, root, context }: { build: string; root: string; context: string[] },
): void {
  const words = rest.split(/\s+/);
  const isFromBuild = words.includes('--from=build');
  const [source = '', destination = ''] = words.filter((word) => !word.startsWith('--'));
  if (!isFromBuild && !context.includes(source)) throw new Error(`.dockerignore keeps ${source} out`);
  const from = isFromBuild ? source.replace(/^\/app/, build) : join(ROOT, source);
  const to = destination.startsWith('/') ? join(root, destination) : join(root, 'app', destination);
  copy(from, destination.endsWith('/') ? join(to, basename(source)) : to);
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}
