import { existsSync, readFileSync } from 'node:fs';

/** The version of this package, from its package.json: the one place it is written. */
export const version = readVersion();

function readVersion(): string {
  // Sources and build lie at different depths below the package.
  let file = new URL('./package.json', import.meta.url);
  while (!existsSync(file) && file.pathname !== '/package.json') file = new URL('../package.json', file);
  const { version: found } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return found;
}
