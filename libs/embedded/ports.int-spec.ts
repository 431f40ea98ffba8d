import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { assertPortFree, freePort, portOr } from './ports.ts';

const open: Server[] = [];
const take = (port: number, host: string): Promise<void> =>
  new Promise((done) => open.push(createServer().listen(port, host, done)));

afterEach(() => open.splice(0).forEach((server) => server.close()));

describe('ports', () => {
  it.each(['127.0.0.1', '0.0.0.0'])('names the taken port, the part and the setting (%s)', async (host) => {
    const port = await freePort();
    await take(port, host);
    await expect(assertPortFree(port, 'API', 'KRONUS_PORT')).rejects.toThrow(
      `Port ${port} (API) is taken; set KRONUS_PORT to another one.`,
    );
  });

  it('looks at the address that is meant, when it is one of many', async () => {
    const port = await freePort();
    await take(port, '127.0.0.1');
    if (process.platform === 'linux') await assertPortFree(port, 'API', 'KRONUS_PORT', '127.0.0.2');
    await expect(assertPortFree(port, 'API', 'KRONUS_PORT', '0.0.0.0')).rejects.toThrow('is taken');
  });

  it('is content with a free one and leaves it free', async () => {
    const port = await freePort();
    await assertPortFree(port, 'API', 'KRONUS_PORT');
    await take(port, '0.0.0.0');
  });

  it('gives the wanted port, or another when it is taken', async () => {
    const port = await freePort();
    expect(await portOr(port)).toBe(port);
    await take(port, '127.0.0.1');
    expect(await portOr(port)).not.toBe(port);
  });
});
