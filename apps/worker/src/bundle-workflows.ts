import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Everything that can end up in the bundle. */
const SOURCES = ['workflows', 'libs/domain', 'libs/temporal'];
const IS_SOURCE = import.meta.url.endsWith('.ts');
/** The versions of what goes into it; a build lies one folder deeper. */
const VERSIONS = join(ROOT, IS_SOURCE ? '' : '..', 'package.json');

/**
 * Bundles the workflows, and keeps the bundle in `cacheDir` under the hash of its sources, so that only a change of
 * them is paid for (about 2 s). Answers the path of the bundle. A failure converter becomes a part of it: give the one
 * that the worker is given.
 */
export async function bundleWorkflows(cacheDir: string, failureConverterPath?: string): Promise<string> {
  const kind = failureConverterPath === undefined ? '' : `-${basename(failureConverterPath).split('.')[0]}`;
  const path = join(cacheDir, `workflows-${hashOfSources()}${kind}.js`);
  try {
    readFileSync(path, { flag: 'r' });
    return path;
  } catch {
    const { code } = await bundle(failureConverterPath);
    mkdirSync(cacheDir, { recursive: true });
    writeFileSync(`${path}.${process.pid}`, code);
    renameSync(`${path}.${process.pid}`, path);
    return path;
  }
}

/** Bundles the workflows afresh. Rejects when one of them reaches for something that is not deterministic. */
export function bundle(failureConverterPath?: string): Promise<{ code: string }> {
  const silent = () => undefined;
  return bundleWorkflowCode({
    workflowsPath: join(ROOT, 'workflows', IS_SOURCE ? 'index.ts' : 'index.js'),
    failureConverterPath,
    logger: {
      log: silent,
      trace: silent,
      debug: silent,
      info: silent,
      warn: console.warn,
      error: console.error,
    },
    webpackConfigHook: (config) => ({
      ...config,
      resolve: { ...config.resolve, conditionNames: ['source', '...'] },
    }),
  });
}

function hashOfSources(): string {
  const hash = createHash('sha256').update(readFileSync(VERSIONS));
  for (const folder of SOURCES) {
    for (const file of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).sort()) {
      if (/\.[jt]s$/.test(file) && !file.includes('spec')) {
        hash.update(file).update(readFileSync(join(ROOT, folder, file)));
      }
    }
  }
  return hash.digest('hex').slice(0, 16);
}
