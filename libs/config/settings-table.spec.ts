import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { settingsTable } from './settings-table.ts';

it('stands in README.md as it is', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [, , afterMark] = readme.split(/^<!-- (?:prettier-ignore-start|made by .*) -->$/m);
  const [table] = afterMark!.split('<!-- prettier-ignore-end -->');
  expect(table!.trim()).toBe(settingsTable());
});
