#!/usr/bin/env node
/** The `kronus` command: sets itself up the first time, then runs from source, or from the build with `KRONUS_FROM_DIST=1`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fail, installPackages, root, runNode, sourceFlags } from './setup.mjs';

const build = join(root, 'dist/apps/cli/src/main.js');
const args = process.argv.slice(2);

try {
  if (process.env.KRONUS_FROM_DIST === '1' && existsSync(build)) {
    runNode(['--enable-source-maps', build, ...args]);
  } else {
    await installPackages();
    runNode([...sourceFlags, join(root, 'apps/cli/src/main.ts'), ...args]);
  }
} catch (error) {
  fail(error);
}
