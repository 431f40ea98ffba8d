import { existsSync, readFileSync } from 'node:fs';

/** What is running: the version, and the commit that it was built from. */
export interface Build {
  version: string;
  /** `undefined`, as a word, when the build did not say. */
  commit: string;
}

/** The build of this process: its version from package.json, the one place where it is written, and `GIT_COMMIT_HASH`. */
export const build: Build = { version: readVersion(), commit: process.env.GIT_COMMIT_HASH || 'undefined' };

function readVersion(): string {
  // Sources and build lie at different depths below the package.
  let file = new URL('./package.json', import.meta.url);
  while (!existsSync(file) && file.pathname !== '/package.json') file = new URL('../package.json', file);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}
