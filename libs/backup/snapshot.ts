import type { Readable } from 'node:stream';
import {
  readCatalogue,
  readMigrations,
  readSequences,
  qualified,
  type Catalogue,
  type Table,
} from './catalogue.ts';
import { connect, type Connection } from './connection.ts';
import { copyOut, settleTransaction } from './copy.ts';
import type { ManifestDatabase } from './manifest.ts';

/** A database as it was in one moment, for as long as it is open. */
export class Snapshot {
  private constructor(
    readonly database: string,
    readonly tables: readonly Table[],
    readonly sequences: ManifestDatabase['sequences'],
    readonly migrations: readonly string[],
    private readonly connection: Connection,
  ) {}

  /**
   * Opens a transaction that sees this moment only, and locks the tables against a change of their form, not of their rows.
   * @throws BackupFault
   */
  static async open(database: string, url: string, signal?: AbortSignal): Promise<Snapshot> {
    const connection = await connect({ url, database, signal });
    const { client } = connection;
    try {
      await client.query('begin isolation level repeatable read read only');
      await settleTransaction(client);
      const catalogue = await readCatalogue(client);
      await lock(connection, catalogue);
      const sequences = await readSequences(client, catalogue.sequences);
      const migrations = await readMigrations(client);
      return new Snapshot(database, catalogue.tables, sequences, migrations, connection);
    } catch (error) {
      await connection.close();
      throw connection.fault(error);
    }
  }

  /** The rows of a table as CSV; the same bytes each time. One at a time. Errors are to go through `fault`. */
  copyOut(table: Table): Readable {
    return copyOut(this.connection.client, table);
  }

  fault(error: unknown): Error {
    return this.connection.fault(error);
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}

async function lock({ client }: Connection, { tables }: Catalogue): Promise<void> {
  if (tables.length === 0) return;
  await client.query(
    `lock table ${tables.map(({ name }) => qualified(name)).join(', ')} in access share mode`,
  );
}
