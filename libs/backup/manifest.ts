import { z } from 'zod';
import { archiveFault } from './backup-fault.ts';

/** The version of the form of an archive. It rises when an older Kronus could not read a newer archive. */
export const ARCHIVE_FORMAT = 1;

/** The first entry of every archive. */
export const MANIFEST_FILE = 'manifest.json';

/** What a manifest may measure: some hundred tables need a few hundred bytes each. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/** The name of the core database within an archive, whatever it is called on a server. */
export const CORE_DATABASE = 'kronus';

// Plain lower-case names: they become names of files, of databases and parts of statements.
const name = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/);
const migrationName = z.string().regex(/^[A-Za-z0-9_.-]{1,200}$/);
const count = z.int().min(0);

const table = z.strictObject({
  name,
  /** In the order of the file; generated columns are left out. */
  columns: z.array(name).min(1),
  rows: count,
  bytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  file: z.string(),
});

const sequence = z.strictObject({
  name,
  /** A text, because it may be greater than a number can say. */
  last_value: z.string().regex(/^-?\d{1,19}$/),
  is_called: z.boolean(),
});

const database = z.strictObject({
  name,
  /** Of the schema that the rows fit, oldest first. */
  migrations: z.array(migrationName),
  /** So that what a row refers to stands in an earlier table. */
  tables: z.array(table),
  sequences: z.array(sequence),
});

/** What an archive holds. Stands before all of it, so that a reader knows what must come, and in which order. */
export const Manifest = z.strictObject({
  format: z.literal(ARCHIVE_FORMAT),
  kronus_version: z.string().regex(/^[0-9A-Za-z.+-]{1,64}$/),
  created_at: z.iso.datetime(),
  databases: z.array(database).min(1),
});
export type Manifest = z.infer<typeof Manifest>;
export type ManifestDatabase = Manifest['databases'][number];
export type ManifestTable = ManifestDatabase['tables'][number];

/** The file of a table within the archive. */
export const fileOf = (databaseName: string, tableName: string): string => `${databaseName}/${tableName}.csv`;

const newerForm = z.looseObject({ format: z.int().min(ARCHIVE_FORMAT + 1) });

/**
 * Reads the text of a manifest of the archive `object`.
 * @throws BackupFault too_new for a later format, foreign for anything that is not exactly a manifest
 */
export function parseManifest(text: string, object: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw archiveFault.foreign(object, 'its manifest is not JSON');
  }
  const newer = newerForm.safeParse(json);
  if (newer.success) throw archiveFault.tooNew(object, `its format is ${newer.data.format}`);
  const parsed = Manifest.safeParse(json);
  if (!parsed.success) {
    const place = parsed.error.issues[0]?.path.join('.') || 'the whole';
    throw archiveFault.foreign(object, `its manifest is wrong in ${place}`);
  }
  const wrong = firstContradiction(parsed.data);
  if (wrong) throw archiveFault.foreign(object, `its manifest is wrong in ${wrong}`);
  return parsed.data;
}

/** Names twice, or a file that is not that of its table. */
function firstContradiction({ databases }: Manifest): string | undefined {
  if (hasDoubles(databases.map((each) => each.name))) return 'the names of its databases';
  for (const each of databases) {
    if (hasDoubles(each.tables.map((one) => one.name))) return `the tables of ${each.name}`;
    if (hasDoubles(each.sequences.map((one) => one.name))) return `the sequences of ${each.name}`;
    if (hasDoubles(each.migrations)) return `the migrations of ${each.name}`;
    for (const one of each.tables) {
      if (one.file !== fileOf(each.name, one.name)) return `the file of ${each.name}.${one.name}`;
      if (hasDoubles(one.columns)) return `the columns of ${each.name}.${one.name}`;
    }
  }
  return undefined;
}

const hasDoubles = (names: readonly string[]): boolean => new Set(names).size < names.length;
