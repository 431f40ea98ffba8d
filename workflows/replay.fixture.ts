import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { bundleWorkflows, type BundleParts } from '#apps/worker/src/bundle-workflows';
import { defaultCacheDir } from '#libs/embedded/cache-dir';

Runtime.install({ logger: new DefaultLogger('ERROR') });

/** The recorded histories of a workflow's folder, by file name. */
export const recordedHistories = (folder: string): string[] =>
  readdirSync(join(import.meta.dirname, folder, 'histories'));

/** Replays a recorded history with today's code. Rejects when today's code would have done something else. */
export async function replay(folder: string, file: string, parts: BundleParts = {}): Promise<void> {
  const json: unknown = JSON.parse(
    readFileSync(join(import.meta.dirname, folder, 'histories', file), 'utf8'),
  );
  const workflowBundle = { codePath: await bundleWorkflows(defaultCacheDir(), parts) };
  await Worker.runReplayHistory({ workflowBundle }, json);
}
