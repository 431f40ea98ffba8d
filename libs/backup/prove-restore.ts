import type { Manifest } from './manifest.ts';
import { loadIntoScratch, type RestoreOptions } from './restore-backup.ts';

/** What was proven. */
export interface ProvenRestore {
  manifest: Manifest;
  tookMs: number;
}

/**
 * Proves that a backup can be restored: does all of a restore in scratch databases, and drops them instead of the swap.
 * @throws BackupFault
 */
export async function proveRestore(options: RestoreOptions): Promise<ProvenRestore> {
  const since = performance.now();
  const manifest = await loadIntoScratch(options, 'drill', async (loaded) => loaded.manifest);
  return { manifest, tookMs: Math.round(performance.now() - since) };
}
