import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultCacheDir, onPath } from './cache-dir.ts';
import { findTemporal, findTimeSkippingServer } from './temporal-binary.ts';

const PROGRAM = '#!/bin/sh\necho served\n';
const path = process.env['PATH'];

let folder: string;
let cacheDir: string;
let bin: string;
let archive: Buffer;
let isCutOff = false;
let requested: string[] = [];

/** Temporal's download service: archives at once, the test server by way of a description. */
const service = createServer((request, response) => {
  requested.push(request.url ?? '');
  if (request.url?.startsWith('/temporal-test-server/')) {
    const { port } = service.address() as AddressInfo;
    response.end(
      JSON.stringify({ archiveUrl: `http://127.0.0.1:${port}/archive`, fileToExtract: 'inner/test-server' }),
    );
    return;
  }
  response.setHeader('Content-Length', archive.length);
  if (!isCutOff) response.end(archive);
  else response.write(archive.subarray(0, archive.length / 2), () => response.destroy());
});
const downloadUrl = (): string => `http://127.0.0.1:${(service.address() as AddressInfo).port}`;

beforeAll(async () => {
  const source = mkdtempSync(join(tmpdir(), 'kronus-archive-'));
  mkdirSync(join(source, 'inner'));
  for (const name of ['temporal', 'inner/test-server']) writeFileSync(join(source, name), PROGRAM);
  archive = execFileSync('tar', ['-czf', '-', '-C', source, 'temporal', 'inner/test-server']);
  rmSync(source, { recursive: true });
  await new Promise<void>((done) => service.listen(0, '127.0.0.1', done));
});
afterAll(() => {
  service.close();
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kronus-binary-'));
  cacheDir = join(folder, 'cache');
  bin = join(folder, 'bin');
  mkdirSync(bin);
  // A machine with nothing but tar.
  for (const tool of ['tar', 'gzip', 'sh']) symlinkSync(onPath(tool, path) ?? tool, join(bin, tool));
  process.env['PATH'] = bin;
  isCutOff = false;
  requested = [];
});
afterEach(() => {
  process.env['PATH'] = path;
  rmSync(folder, { recursive: true, force: true });
});

const install = (name: string, text = PROGRAM): void => {
  writeFileSync(join(bin, name), text);
  chmodSync(join(bin, name), 0o755);
};

describe('findTemporal', () => {
  it('prefers the one on the PATH', async () => {
    install('temporal');
    expect(await findTemporal({ cacheDir, downloadUrl: downloadUrl() })).toBe(join(bin, 'temporal'));
    expect(requested).toEqual([]);
  });

  it('downloads it once, telling how far it is, and leaves nothing else', async () => {
    const said: string[] = [];
    const options = { cacheDir, downloadUrl: downloadUrl(), say: (text: string) => said.push(text) };
    const found = await findTemporal(options);
    expect(execFileSync(found, { env: { PATH: path } }).toString()).toBe('served\n');
    expect(await findTemporal(options)).toBe(found);
    expect(requested).toHaveLength(1);
    expect(readdirSync(cacheDir)).toEqual([found.split('/').at(-1)]);
    expect(said).toContain('downloading, 0 MiB so far');
  });

  it('downloads it once for two starts at once', async () => {
    const options = { cacheDir, downloadUrl: downloadUrl() };
    const found = await Promise.all([findTemporal(options), findTemporal(options)]);
    expect(found[0]).toBe(found[1]);
    expect(requested).toHaveLength(1);
  });

  it('builds it with Go when the download is cut off', async () => {
    isCutOff = true;
    install(
      'go',
      `#!/bin/sh\necho "$@" >&2\necho github.com/some/package >&2\necho built > "$GOBIN/temporal"\nchmod 755 "$GOBIN/temporal"\n`.replace(
        'chmod',
        onPath('chmod', path) ?? '',
      ),
    );
    const said: string[] = [];
    const found = await findTemporal({
      cacheDir,
      downloadUrl: downloadUrl(),
      say: (text) => said.push(text),
    });
    expect(readFileSync(found, 'utf8')).toBe('built\n');
    expect(said.join('\n')).toMatch(/install -v github.com\/temporalio\/cli\/cmd\/temporal@v1.5.1/);
    expect(said.at(-1)).toContain('1 packages compiled');
  });

  it('passes on why a build failed', async () => {
    install('go', '#!/bin/sh\necho no space left on device >&2\nexit 1\n');
    await expect(findTemporal({ cacheDir, downloadUrl: 'http://127.0.0.1:9' })).rejects.toThrow(
      /cannot be built: go failed: no space left on device/,
    );
    expect(readdirSync(cacheDir)).toEqual([]);
  });

  it('says what to install or set when every way is closed', async () => {
    await expect(findTemporal({ cacheDir, downloadUrl: 'http://127.0.0.1:9' })).rejects.toThrow(
      /install the Temporal CLI .* or set TEMPORAL_ADDRESS/,
    );
  });
});

describe('findTimeSkippingServer', () => {
  it('downloads it from where the service points to', async () => {
    const found = await findTimeSkippingServer({ cacheDir, downloadUrl: downloadUrl() });
    expect(execFileSync(found, { env: { PATH: path } }).toString()).toBe('served\n');
    expect(requested[0]).toMatch(
      /^\/temporal-test-server\/.+\?arch=(amd64|arm64)&platform=\w+&format=tar\.gz/,
    );
  });

  it('collects jars with Maven and runs them with Java', async () => {
    install(
      'mvn',
      '#!/bin/sh\nfor arg; do case $arg in -DoutputDirectory=*) echo jar > "${arg#*=}/a.jar" ;; esac; done\n',
    );
    install('java', '#!/bin/sh\necho "$@"\n');
    const found = await findTimeSkippingServer({ cacheDir, downloadUrl: 'http://127.0.0.1:9' });
    const printed = execFileSync(found, ['7777']).toString().trim();
    expect(printed).toBe(`-cp ${found}-jars/* io.temporal.testserver.TestServer 7777`);
    expect(readdirSync(`${found}-jars`)).toEqual(['a.jar']);
  });

  it('says what to install when every way is closed', async () => {
    await expect(findTimeSkippingServer({ cacheDir, downloadUrl: 'http://127.0.0.1:9' })).rejects.toThrow(
      /install Java and Maven/,
    );
  });
});

describe('defaultCacheDir', () => {
  it('is moved by the environment', () => {
    expect(defaultCacheDir({ KRONUS_CACHE_DIR: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a');
    expect(defaultCacheDir({ XDG_CACHE_HOME: '/b' })).toBe('/b/kronus');
    expect(defaultCacheDir({})).toMatch(/\/\.cache\/kronus$/);
  });
});
