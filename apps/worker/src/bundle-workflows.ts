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

/** What becomes a part of a bundle beside the workflows. */
export interface BundleParts {
  /** The failure converter that the worker is given. */
  failureConverterPath?: string | undefined;
  /** Whether activities carry on the trace of the signal before them. */
  isTraced?: boolean | undefined;
}

/**
 * Bundles the workflows, and keeps the bundle in `cacheDir` under the hash of its sources, so that only a change of
 * them is paid for (about 2 s). Answers the path of the bundle.
 */
export async function bundleWorkflows(cacheDir: string, parts: BundleParts = {}): Promise<string> {
  const kind = kindOf(parts);
  const path = join(cacheDir, `workflows-${hashOfSources()}${kind}.js`);
  try {
    readFileSync(path, { flag: 'r' });
    return path;
  } catch {
    const { code } = await bundle(parts);
    mkdirSync(cacheDir, { recursive: true });
    writeFileSync(`${path}.${process.pid}`, code);
    renameSync(`${path}.${process.pid}`, path);
    return path;
  }
}

/** Bundles the workflows afresh. Rejects when one of them reaches for something that is not deterministic. */
export function bundle({ failureConverterPath, isTraced }: BundleParts = {}): Promise<{ code: string }> {
  const silent = () => undefined;
  return bundleWorkflowCode({
    workflowsPath: workflowFile('index'),
    failureConverterPath,
    workflowInterceptorModules: isTraced ? [workflowFile('trace.interceptors')] : [],
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

const workflowFile = (name: string) => join(ROOT, 'workflows', `${name}${IS_SOURCE ? '.ts' : '.js'}`);

function kindOf({ failureConverterPath, isTraced }: BundleParts): string {
  const names = [failureConverterPath && basename(failureConverterPath).split('.')[0], isTraced && 'traced'];
  return names.map((name) => (name ? `-${name}` : '')).join('');
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
