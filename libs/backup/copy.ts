import type { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from, to } from 'pg-copy-streams';
import { qualified, quoted, type Table } from './catalogue.ts';

// So that equal rows are equal texts, whatever the role, the server or the session would prefer; and so that nothing
// cuts off a transaction that lasts. A server knows only some of them.
const SETTINGS: Record<string, string> = {
  client_encoding: 'UTF8',
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  extra_float_digits: '1',
  bytea_output: 'hex',
  row_security: 'off',
  // Two reads of a table must come in the same order.
  synchronize_seqscans: 'off',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  transaction_timeout: '0',
};

/** Makes the rest of a transaction read and write plain texts, and take its time. */
export async function settleTransaction(client: pg.Client): Promise<void> {
  await client.query(
    `select set_config(known.name, wanted.value, true)
     from unnest($1::text[], $2::text[]) as wanted (name, value)
     join pg_settings known on lower(known.name) = wanted.name`,
    [Object.keys(SETTINGS), Object.values(SETTINGS)],
  );
}

const columnsOf = ({ columns }: Table): string => columns.map(quoted).join(', ');

/** The rows of a table as CSV with a line of names: null is nothing, an empty text is `""`. In the order in which they lie. */
export function copyOut(client: pg.Client, table: Table): Readable {
  const out = client.query(
    to(`copy ${qualified(table.name)} (${columnsOf(table)}) to stdout (format csv, header)`),
  );
  return toleratingLateErrors(out);
}

/** Fills a table from CSV with a line of names; answers how many rows PostgreSQL counted. */
export async function copyIn(client: pg.Client, table: Table, csv: AsyncIterable<Buffer>): Promise<number> {
  const into = toleratingLateErrors(
    client.query(from(`copy ${qualified(table.name)} (${columnsOf(table)}) from stdin (format csv, header)`)),
  );
  await pipeline(Readable.from(csv, { objectMode: false }), into);
  return into.rowCount;
}

/** A connection that breaks tells its streams even when they are done with; unheard, that would end the process. */
function toleratingLateErrors<S extends EventEmitter>(stream: S): S {
  stream.on('error', () => undefined);
  return stream;
}
