import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { CORE_DATABASE } from '#libs/backup/manifest';
import { coreMigrations } from '#libs/backup/migrations';
import { setAside } from '#libs/backup/set-aside';
import { logTail, startChild } from '#libs/embedded/children';
import { runtimeFlags } from '#libs/embedded/phones';
import { startPostgres, type Postgres } from '#libs/embedded/postgres';
import type { Say } from '#libs/embedded/progress';
import { removeAtEnd } from '#libs/embedded/watchdog';
import type { Work } from './backup.work.ts';
import type { SectionResult } from './figures.ts';
import { plainEnvironment } from './rig.start.ts';

const WORK = fileURLToPath(new URL('backup.work.ts', import.meta.url));
const STOP_LIMIT_MS = 5_000;
const MESSAGES_A_PERSON = 100;
const MESSAGES_A_PROBE = 2;
/** What a backup may take of the memory of a small machine, whatever it is a backup of. */
const MOST_MIB = 200;
const MIB = 1024 * 1024;

// Each with values of its own, as in life: what repeats would be compressed away.
const ROWS = (people: number) => `
  insert into users (uuid, client_id, email, first_name, last_name, phone_number, role_id, created_at, updated_at)
  select gen_random_uuid(), 1, 'person' || n || '@example.org', 'Tony', 'Stark ' || n,
         '+1555' || lpad(n::text, 7, '0'), 2, now(), now()
  from generate_series(1, ${people}) n;
  insert into probes (user_id, kind, due_at, status, reason, decided_at, last_response, max_retries,
                      wait_time_in_minutes, created_at, updated_at)
  select u.id, 'scheduled', now() - n * interval '1 day', 'good', 'replied', now(), 'yes', 3, 60, now(), now()
  from users u, generate_series(1, ${MESSAGES_A_PERSON / MESSAGES_A_PROBE}) n;
  insert into messages (uuid, user_id, probe_id, kind, attempt_key, to_number, body, status, status_rank, provider_sid,
                        attempts, accepted_at, created_at, updated_at)
  select gen_random_uuid(), p.user_id, p.id, 'check', 'probe/' || p.id || '/' || n, '+1555' || lpad(p.user_id::text, 7, '0'),
         'Hi Tony, are you okay? Reply yes or no.', 'delivered', 4, 'SM' || md5(p.id || '/' || n), 1, now(), now(), now()
  from probes p, generate_series(1, ${MESSAGES_A_PROBE}) n`;

/**
 * What it costs to back up and to restore so many messages, each in a process of its own on a PostgreSQL of its own, and
 * whether every row is there again.
 */
export async function measureBackup(say: Say, messages: number): Promise<SectionResult> {
  const dir = mkdtempSync(join(tmpdir(), 'kronus-bench-backup-'));
  removeAtEnd(dir);
  say('PostgreSQL');
  const postgres = await startPostgres({ dataDir: join(dir, 'postgres') });
  try {
    const url = postgres.url(CORE_DATABASE);
    await postgres.createDatabase(CORE_DATABASE);
    say(`filling it with ${messages.toLocaleString('en')} messages`);
    await coreMigrations.run(CORE_DATABASE, url);
    await fill(url, Math.ceil(messages / MESSAGES_A_PERSON));

    const archive = join(dir, 'archive');
    say('writing the backup');
    const written = await work('write', url, archive, dir);
    say('restoring it');
    const restored = await work('restore', url, archive, dir);
    say('comparing all rows');
    const differing = await differingTables(postgres, url, restored.previousDatabase!);
    const archiveMib = statSync(archive).size / MIB;
    return {
      figures: [
        ...figuresOf('backup', written),
        { name: 'backup, size', value: archiveMib, unit: 'MiB' },
        ...figuresOf('restore', restored),
        {
          name: 'tables that are not the same after it',
          value: differing.length,
          unit: '',
          target: { atMost: 0 },
          isMust: true,
        },
      ],
      details: { messages, written, restored, archiveMib, differing },
    };
  } finally {
    await postgres.stop();
  }
}

const figuresOf = (name: string, { ms, idleMib, peakMib }: Work): SectionResult['figures'] => [
  { name: `${name}, time`, value: ms / 1_000, unit: 's' },
  { name: `${name}, memory above idle`, value: peakMib - idleMib, unit: 'MiB', target: { atMost: MOST_MIB } },
];

async function fill(url: string, people: number): Promise<void> {
  await onDatabase(url, async (client) => {
    await client.query('begin');
    const putBack = await setAside(client);
    await client.query(ROWS(people));
    await putBack();
    await client.query('commit');
    await client.query('vacuum analyze');
  });
}

async function work(what: 'write' | 'restore', url: string, archive: string, dir: string): Promise<Work> {
  const logFile = join(dir, `${what}.log`);
  let report: Work | undefined;
  const child = await startChild({
    command: process.execPath,
    args: [...runtimeFlags(), WORK, what, url, archive],
    env: plainEnvironment(),
    logFile,
    onLine: (line) => (report = JSON.parse(line) as Work),
    stopSignal: 'SIGTERM',
    stopLimitMs: STOP_LIMIT_MS,
  });
  const { code } = await child.exited;
  if (code !== 0 || !report) throw new Error(`the ${what} failed: ${logTail(logFile, 20)}`);
  return report;
}

/** The tables whose rows are not the same in both databases, by number and by a sum over all of them. */
async function differingTables(postgres: Postgres, url: string, previous: string): Promise<string[]> {
  const [now, before] = [await sumsOf(url), await sumsOf(postgres.url(previous))];
  return [...new Set([...now.keys(), ...before.keys()])].filter(
    (table) => now.get(table) !== before.get(table),
  );
}

const sumsOf = (url: string): Promise<Map<string, string>> =>
  onDatabase(url, async (client) => {
    const { rows: tables } = await client.query<{ name: string }>(
      `select table_name::text as name from information_schema.tables
       where table_schema = 'public' and table_type = 'BASE TABLE'`,
    );
    const sums = new Map<string, string>();
    for (const { name } of tables) {
      const sql = `select count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) as sum from "${name}" t`;
      const { rows } = await client.query<{ sum: string }>(sql);
      sums.set(name, rows[0]!.sum);
    }
    return sums;
  });

async function onDatabase<T>(url: string, act: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await act(client);
  } finally {
    await client.end();
  }
}
