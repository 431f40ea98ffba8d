import { defaultCacheDir } from '#libs/embedded/cache-dir';
import { encryptedFailureConverter } from '#libs/temporal/data-converter';
import { bundleWorkflows } from './bundle-workflows.ts';

// For an image: every bundle that a worker may want, however it is configured. Workers then start at once, and without a
// compiler. Harmless when they are there already.
for (const failureConverterPath of [undefined, encryptedFailureConverter])
  for (const isTraced of [false, true])
    console.log(await bundleWorkflows(defaultCacheDir(), { failureConverterPath, isTraced }));
