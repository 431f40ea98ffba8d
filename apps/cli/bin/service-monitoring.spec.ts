import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, expect, it } from '@jest/globals';

const script = fileURLToPath(new URL('../../../scripts/service-monitoring.sh', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'kronus-monitoring-'));
const calls = join(folder, 'calls');
afterAll(() => rmSync(folder, { recursive: true }));

let status = 200;
let paths: string[] = [];
let server: Server;
beforeEach(async () => {
  paths = [];
  writeFileSync(calls, '');
  server = createServer((request, response) => {
    paths.push(request.url!);
    response.writeHead(status).end('not for the log');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

/** A docker that notes how it is called, knows these containers, and fails to restart if it is told to. */
function dockerWith(containers: string[], { fails = false } = {}): void {
  const list = containers.map((name) => `/${name}`).join('\\n');
  writeFileSync(
    join(folder, 'docker'),
    `#!/bin/sh
echo "$*" >> '${calls}'
case "$1" in
  ps) for word; do case "$word" in name=*) filter=\${word#name=};; esac; done
      printf '${list}\\n' | grep -E "$filter" | sed 's|^/|id-of-|' || true ;;
  *) exit ${fails ? 1 : 0} ;;
esac
`,
  );
  chmodSync(join(folder, 'docker'), 0o755);
}

function monitor(env: NodeJS.ProcessEnv = {}): Promise<{ code: number; out: string; err: string }> {
  const { port } = server.address() as AddressInfo;
  const own = {
    PATH: `${folder}:${process.env.PATH}`,
    SERVICE_NAME: 'kronus-api-1',
    SERVICE_PORT: `${port}`,
  };
  return new Promise((resolve) => {
    execFile('sh', [script], { env: { ...own, ...env } }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    );
  });
}

const called = () => readFileSync(calls, 'utf8').trim().split('\n').filter(Boolean);

it('leaves a service alone that is well, and says nothing', async () => {
  dockerWith(['kronus-api-1']);
  status = 200;
  expect(await monitor()).toEqual({ code: 0, out: '', err: '' });
  expect([paths, called()]).toEqual([['/v1/healthcheck'], []]);
});

it('restarts the container of exactly that name', async () => {
  dockerWith(['kronus-api-10', 'my-kronus-api-1', 'kronus-api-1', 'kronus-api-1-old']);
  status = 401;
  const { code, out, err } = await monitor();
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/Z kronus-api-1: answers 401; restarting it\n.*Z kronus-api-1: restarted\n$/);
  expect(called().at(-1)).toBe('restart id-of-kronus-api-1');
});

it('restarts a service of compose', async () => {
  dockerWith([]);
  status = 404;
  expect(
    await monitor({ COMPOSE_FILE: '/opt/kronus/docker-compose.yml', SERVICE_NAME: 'api' }),
  ).toMatchObject({
    code: 0,
  });
  expect(called()).toEqual(['compose --file /opt/kronus/docker-compose.yml restart api']);
});

it('restarts a service that does not answer, at the address that it is told', async () => {
  dockerWith(['kronus-api-1']);
  status = 200;
  const { out } = await monitor({ SERVICE_HOST: '127.0.0.1', SERVICE_PORT: '9', SERVICE_ENDPOINT: 'v2' });
  expect(out).toContain('answers 000; restarting it');
  expect([paths, called().at(-1)]).toEqual([[], 'restart id-of-kronus-api-1']);
});

it.each<[string, string[], boolean]>([
  ['there is no such container', ['kronus-api-2'], false],
  ['could not be restarted', ['kronus-api-1'], true],
])('says that %s, with code 1', async (sentence, containers, fails) => {
  dockerWith(containers, { fails });
  status = 500;
  const { code, err } = await monitor();
  expect(code).toBe(1);
  expect(err).toContain(sentence);
});
