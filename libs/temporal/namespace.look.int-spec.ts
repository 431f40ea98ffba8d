import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Connection } from '@temporalio/client';
import { startTemporal, type Temporal } from '#libs/embedded/temporal';
import { findTemporal } from '#libs/embedded/temporal-binary';
import { lookAtNamespace } from './namespace.look.ts';

let temporal: Temporal;
let connection: Connection;
const folder = mkdtempSync(join(tmpdir(), 'kronus-namespace-'));
beforeAll(async () => {
  temporal = await startTemporal({ binary: await findTemporal(), logFile: join(folder, 'server.log') });
  connection = Connection.lazy({ address: temporal.address });
}, 900_000);
afterAll(async () => {
  await connection.close();
  rmSync(folder, { recursive: true });
});

it('knows a namespace that is there, one that is not, and a server that went away', async () => {
  await lookAtNamespace(connection, 'default');
  await expect(lookAtNamespace(connection, 'nowhere')).rejects.toMatchObject({
    message: 'the namespace is not there',
  });
  await temporal.stop();
  const since = performance.now();
  await expect(lookAtNamespace(connection, 'default')).rejects.toMatchObject({ message: 'does not answer' });
  expect(performance.now() - since).toBeLessThan(2_000);
}, 60_000);
