import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CORE_DATABASE } from '#libs/backup/manifest';
import { coreMigrations } from '#libs/backup/migrations';
import { restoreBackup } from '#libs/backup/restore-backup';
import { writeArchive } from '#libs/backup/write-archive';

/** What the work took, in a process that did nothing else. */
export interface Work {
  ms: number;
  /** Zero where there is no `/proc`. */
  idleMib: number;
  peakMib: number;
  /** Of a restore: where the former database is. */
  previousDatabase: string | null;
}

const PASS_PHRASE = 'bench';
const SAMPLE_MS = 20;

const residentMib = (): number => {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
};

async function write(url: string, file: string): Promise<null> {
  const { content, finished } = writeArchive({
    databases: [{ name: CORE_DATABASE, url }],
    passPhrase: PASS_PHRASE,
    kronusVersion: '0.0.0',
    now: new Date(),
  });
  await pipeline(content, createWriteStream(file));
  await finished;
  return null;
}

async function restore(url: string, file: string): Promise<string | null> {
  const store = {
    place: dirname(file),
    put: () => Promise.reject(new Error('only for reading')),
    get: () => Promise.resolve(createReadStream(file)),
    list: () => Promise.resolve([]),
    delete: () => Promise.resolve(),
  };
  const source = { store, name: file, passPhrase: PASS_PHRASE, scratchDir: `${dirname(file)}/scratch` };
  const { previousDatabase } = await restoreBackup({ ...source, adminUrl: url, migrate: coreMigrations });
  return previousDatabase;
}

const [what, url, file] = process.argv.slice(2) as ['write' | 'restore', string, string];
const idleMib = residentMib();
let peakMib = idleMib;
setInterval(() => (peakMib = Math.max(peakMib, residentMib())), SAMPLE_MS).unref();
const since = performance.now();
const previousDatabase = await (what === 'write' ? write : restore)(url, file);
const work: Work = { ms: performance.now() - since, idleMib, peakMib, previousDatabase };
console.log(JSON.stringify(work));
