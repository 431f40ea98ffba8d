#!/usr/bin/env node
/** Sets the project up, then runs `jest [ARGS]` or a TypeScript file: `run.mjs FILE.ts [ARGS]`. */
import { join, resolve } from 'node:path';
import { fail, installPackages, root, runNode, sourceFlags } from './setup.mjs';

const [what, ...args] = process.argv.slice(2);

try {
  if (!what) throw new Error('Usage: run.mjs jest [ARGS] | FILE.ts [ARGS]');
  await installPackages();
  if (what === 'jest') {
    // The condition is for the global set-up, which jest loads outside of its own resolver.
    const flags = ['--experimental-vm-modules', '--conditions=source'];
    runNode([...flags, join(root, 'node_modules/jest/bin/jest.js'), ...args], { cwd: root });
  } else {
    runNode([...sourceFlags, resolve(what), ...args]);
  }
} catch (error) {
  fail(error);
}
