/**
 * What both entries do before anything else, on any Node from 20 on and with no package installed:
 * install the packages when they are missing or older than the lock file, choose a Node that is new enough, and run.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const OLDEST_NODE = [22, 17];
const SAME_PRESS_MS = 1000;
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** The project's folder. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

const packages = join(root, 'node_modules');
const lockFile = join(root, 'package-lock.json');
const stampFile = join(packages, '.kronus-setup');
const here = (file) => pathToFileURL(join(root, 'apps/cli/bin', file)).href;

/** The flags that let Node run the TypeScript sources. */
export const sourceFlags = ['--import', here('source-hook.mjs'), '--conditions=source'];

/** Installs the packages unless they match the lock file; says how far it is on stderr, so that stdout stays the command's. */
export async function installPackages() {
  if (isInstalled()) return;
  const release = await takeTurn();
  try {
    if (isInstalled()) return;
    await withProgress('Installing packages (once; about a minute)', 'Packages', async () => {
      const isForeign = await npm(['ci']).then(
        () => false,
        (error) =>
          /Missing: .* from lock file|can only install packages when/.test(error.message) ||
          Promise.reject(error),
      );
      // `npm ci` refuses a lock file without the optional packages of other platforms; `install` reads the same lock file.
      if (isForeign) await npm(['install', '--no-save']);
      writeFileSync(stampFile, lockHash());
    });
  } finally {
    release();
  }
}

const lockHash = () => createHash('sha256').update(readFileSync(lockFile)).digest('hex');
const modified = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

function isInstalled() {
  if (existsSync(stampFile)) return readFileSync(stampFile, 'utf8') === lockHash();
  // Installed by hand: npm writes this file last.
  if (modified(join(packages, '.package-lock.json')) < modified(lockFile)) return false;
  writeFileSync(stampFile, lockHash());
  return true;
}

/** Two first starts at once must not install over each other. */
async function takeTurn() {
  const turn = join(root, '.kronus', 'setup.lock');
  mkdirSync(dirname(turn), { recursive: true, mode: 0o711 });
  for (let isWaiting = false; ; isWaiting = true) {
    try {
      writeFileSync(turn, String(process.pid), { flag: 'wx' });
      return () => rmSync(turn, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = Number(existsSync(turn) && readFileSync(turn, 'utf8'));
    if (holder && !isAlive(holder)) rmSync(turn, { force: true });
    else if (!isWaiting)
      process.stderr.write(
        `Waiting for process ${holder}, which is installing the packages (if it is not, remove ${turn}).\n`,
      );
    await new Promise((done) => setTimeout(done, 300));
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Runs npm quietly; rejects with what it printed. */
function npm(args) {
  // Not the Node inside node_modules: npm is about to replace it.
  const PATH = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !resolve(folder).startsWith(packages))
    .join(delimiter);
  return new Promise((done, fail) => {
    const child = spawn('npm', [...args, '--no-fund', '--no-audit', '--loglevel=error'], {
      cwd: root,
      env: { ...process.env, PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const signal of FORWARDED) process.once(signal, () => process.exit(128 + constants.signals[signal]));
    process.once('exit', () => child.kill());
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    endWithNpm(() => child.kill('SIGTERM'));
    child.on('error', (error) => fail(new Error(`npm cannot be started: ${error.message}`)));
    child.on('close', (code) =>
      code === 0 ? done() : fail(new Error(`npm ${args[0]} failed:\n${output.trim()}`)),
    );
  });
}

async function withProgress(running, finished, work) {
  const out = process.stderr;
  const since = Date.now();
  const seconds = () => `${Math.round((Date.now() - since) / 1000)} s`;
  const tick = () =>
    out.write(out.isTTY ? `\r\u001b[2K… ${running} ${seconds()}` : `… ${running} ${seconds()}\n`);
  if (!out.isTTY) out.write(`… ${running}\n`);
  const ticker = setInterval(tick, out.isTTY ? 500 : 10_000);
  const end = (line) => out.write(`${out.isTTY ? '\r\u001b[2K' : ''}${line}\n`);
  try {
    await work();
    end(`✓ ${finished} ${seconds()}`);
  } catch (error) {
    end(`✗ ${finished}: ${error.message}`);
    throw new Error('The packages could not be installed.', { cause: error });
  } finally {
    clearInterval(ticker);
  }
}

/** The Node that runs Kronus: this one, or the one that came with the packages. */
export function chooseNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]))
    return process.execPath;
  const brought = join(packages, '.bin', 'node');
  if (existsSync(brought)) return brought;
  throw new Error(
    `Kronus needs Node ${OLDEST_NODE.join('.')} or newer; this is ${process.versions.node} and none comes along for ${process.platform}-${process.arch}.`,
  );
}

/**
 * Runs Node with `args` and ends with its exit code. The child has a session of its own, so that a Ctrl-C, which the terminal
 * and npm both pass on, reaches it once; `owner.mjs` ends it when this process dies without a word.
 */
export function runNode(args, { cwd = process.cwd() } = {}) {
  const env = {
    // Compiled code of the packages is kept between starts, which makes them faster.
    NODE_COMPILE_CACHE: join(packages, '.cache', 'compiled'),
    ...process.env,
    KRONUS_OWNER_PID: String(process.pid),
  };
  const flags = ['--disable-warning=ExperimentalWarning', '--import', here('owner.mjs')];
  const child = spawn(chooseNode(), [...flags, ...args], {
    cwd,
    env,
    detached: true,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  const forwardedAt = {};
  for (const signal of FORWARDED) {
    process.on(signal, () => {
      const now = Date.now();
      if (now - (forwardedAt[signal] ?? 0) < SAME_PRESS_MS) return;
      forwardedAt[signal] = now;
      child.kill(signal);
    });
  }
  endWithNpm(() => child.kill('SIGTERM'));
  child.on('error', (error) => fail(new Error(`Node cannot be started: ${error.message}`)));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

/** When npm runs this and is killed, nobody is left to stop it: an orphan of npm ends itself. */
function endWithNpm(end) {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    end();
  }, 500);
  watch.unref();
}

/** Ends with one sentence instead of a stack. */
export function fail(error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
