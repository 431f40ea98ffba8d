import type { Config } from '#libs/config/config';
import { FolderObjectStore } from './folder.object-store.ts';
import type { ObjectStore } from './object-store.ts';

/** The store of backups that is configured: the bucket, else the folder. Speaks to nobody yet. */
export async function openStore(backup: Config['backup']): Promise<ObjectStore> {
  if (backup.bucket === null) return new FolderObjectStore(backup.folder);
  // The library takes a while to load, and whoever keeps backups in a folder does not need it.
  const { GcsObjectStore } = await import('./gcs.object-store.ts');
  return new GcsObjectStore({
    bucket: backup.bucket,
    prefix: backup.prefix,
    credentialsFile: backup.applicationCredentials,
    apiEndpoint: backup.apiEndpoint,
  });
}
