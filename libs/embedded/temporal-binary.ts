import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { cached, defaultCacheDir, onPath } from './cache-dir.ts';
import type { Way } from './cache-dir.ts';
import { downloadFromArchive, open } from './download.ts';
import type { Say } from './progress.ts';
import { runCommand } from './run-command.ts';

/** Where programs are kept, and who is told about long work. */
export interface FindOptions {
  cacheDir?: string;
  say?: Say;
  /** Where Temporal's programs are published; tests put their own there. */
  downloadUrl?: string;
}

interface ArchiveInfo {
  archiveUrl: string;
  fileToExtract: string;
}

// The last version of the command-line program that `go install` can build (server 1.29.1).
const CLI_VERSION = '1.5.1';
const TEST_SERVER_VERSION = '1.38.0';
const SLF4J_VERSION = '1.7.36';
const DOWNLOAD_URL = 'https://temporal.download';

const platform = process.platform;
const arch = process.arch === 'x64' ? 'amd64' : process.arch;

/**
 * Finds the Temporal server: `temporal` on the PATH, else the cached one, else downloaded, else built with Go (5 to 10 minutes, once).
 * Downloads from where the SDK's own ephemeral server comes, but by hand: the SDK can neither be interrupted nor tells how far it is.
 * @throws Error with one sentence saying what to install or set.
 */
export const findTemporal = async (options: FindOptions = {}): Promise<string> => {
  const { cacheDir = defaultCacheDir(), say = () => undefined, downloadUrl = DOWNLOAD_URL } = options;
  const installed = onPath('temporal');
  if (installed) return installed;
  const found = await cached(cacheDir, `temporal-${CLI_VERSION}`, [downloadCli(downloadUrl), buildCli], say);
  if (found) return found;
  throw new Error(
    'There is no Temporal server and no way to get one: install the Temporal CLI (or Go, to build it) or set TEMPORAL_ADDRESS to a server of your own.',
  );
};

/**
 * Finds Temporal's time-skipping test server: the cached one, else downloaded, else from Maven for the Java at hand.
 * The result is a program that takes the port as its first argument (`existing-path` for the SDK's test environment).
 * @throws Error with one sentence saying what to install.
 */
export const findTimeSkippingServer = async (options: FindOptions = {}): Promise<string> => {
  const { cacheDir = defaultCacheDir(), say = () => undefined, downloadUrl = DOWNLOAD_URL } = options;
  const name = `temporal-test-server-${TEST_SERVER_VERSION}`;
  const found = await cached(cacheDir, name, [downloadTestServer(downloadUrl), collectJars(cacheDir)], say);
  if (found) return found;
  throw new Error(
    'There is no Temporal test server and no way to get one: install Java and Maven, or open the network to temporal.download.',
  );
};

const downloadCli =
  (downloadUrl: string): Way =>
  async (target, say) => {
    say('looking for a download');
    const url = `${downloadUrl}/cli/archive/v${CLI_VERSION}?platform=${platform}&arch=${arch}`;
    if (!(await downloadFromArchive(url, 'temporal', `${target}.tar.gz`, say))) return false;
    renameSync(join(dirname(target), 'temporal'), target);
    chmodSync(target, 0o755);
    return true;
  };

const buildCli: Way = async (target, say) => {
  const go = onPath('go');
  if (!go) return false;
  say('building it with Go, which takes 5 to 10 minutes the first time');
  let packages = 0;
  const onLine = (line: string): void => {
    const isPackage = /^[\w.-]+\/\S+$/.test(line);
    if (isPackage) packages += 1;
    say(
      isPackage
        ? `building it with Go (5 to 10 minutes, once), ${packages} packages compiled`
        : `building it with Go: ${line}`,
    );
  };
  const env = { ...process.env, GOBIN: dirname(target), GOFLAGS: '' };
  try {
    await runCommand(go, ['install', '-v', `github.com/temporalio/cli/cmd/temporal@v${CLI_VERSION}`], {
      env,
      onLine,
    });
  } catch (error) {
    throw new Error(`The Temporal server cannot be built: ${(error as Error).message}`, { cause: error });
  }
  renameSync(join(dirname(target), 'temporal'), target);
  return true;
};

const downloadTestServer =
  (downloadUrl: string): Way =>
  async (target, say) => {
    say('looking for a download');
    const query = new URLSearchParams({ arch, platform, format: 'tar.gz', 'sdk-name': 'sdk-typescript' });
    const answer = await open(`${downloadUrl}/temporal-test-server/v${TEST_SERVER_VERSION}?${query}`);
    if (!answer) return false;
    const { archiveUrl, fileToExtract } = (await answer.json()) as ArchiveInfo;
    if (!(await downloadFromArchive(archiveUrl, fileToExtract, `${target}.tar.gz`, say))) return false;
    renameSync(join(dirname(target), fileToExtract), target);
    chmodSync(target, 0o755);
    return true;
  };

/** Collects the test server's jars with Maven and writes a wrapper that runs them. */
const collectJars =
  (cacheDir: string): Way =>
  async (target, say) => {
    const [java, maven] = [onPath('java'), onPath('mvn')];
    if (!java || !maven) return false;
    say('collecting its Java libraries with Maven');
    const workshop = dirname(target);
    const jars = join(workshop, 'jars');
    mkdirSync(jars);
    writeFileSync(join(workshop, 'pom.xml'), POM);
    const args = [
      '-q',
      '-B',
      '-f',
      join(workshop, 'pom.xml'),
      'dependency:copy-dependencies',
      `-DoutputDirectory=${jars}`,
    ];
    await runCommand(maven, args);
    const kept = join(cacheDir, `${basename(target)}-jars`);
    rmSync(kept, { recursive: true, force: true });
    renameSync(jars, kept);
    writeFileSync(
      target,
      `#!/bin/sh\nexec '${java}' -cp '${kept}/*' io.temporal.testserver.TestServer "$1"\n`,
      { mode: 0o755 },
    );
    return true;
  };

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>kronus</groupId>
  <artifactId>temporal-test-server</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>io.temporal</groupId><artifactId>temporal-test-server</artifactId><version>${TEST_SERVER_VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>${SLF4J_VERSION}</version></dependency>
  </dependencies>
</project>
`;
