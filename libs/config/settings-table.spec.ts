import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { settingsTable } from './settings-table.ts';

it('stands in README.md as it is', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const inReadme = readme
    .split('\n')
    .filter((line) => line.startsWith('| `') && line.split('` | `').length > 1);
  expect(inReadme.join('\n')).toBe(settingsTable().split('\n').slice(2).join('\n'));
});
