import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatNumber, isMet, type Figure, type SectionResult } from './figures.ts';

const FOLDER = fileURLToPath(new URL('../../../bench/results', import.meta.url));
const GIB = 2 ** 30;

/** The results of a run by the name of the section, in the order in which they were measured. */
export type Results = Record<string, SectionResult>;

/** The figures as lines of a table. */
export function table(results: Results): string {
  const rows = Object.entries(results).flatMap(([section, { figures }]) =>
    figures.map((figure, index) => [index === 0 ? section : '', ...cells(figure)]),
  );
  const head = ['', 'measured', 'value', '', 'target', ''];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (row: string[]) =>
    row
      .map((cell, column) => (column === 2 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n');
}

/** Writes figures and details beside earlier runs; answers the path of the file. */
export function save(results: Results, at: Date, seconds: number): string {
  mkdirSync(FOLDER, { recursive: true });
  const path = join(FOLDER, `${at.toISOString().slice(0, 19).replaceAll(':', '-')}.json`);
  const { platform, arch, version } = process;
  const machine = {
    platform,
    arch,
    node: version,
    cpus: cpus().length,
    cpu: cpus()[0]?.model,
    memoryGib: Math.round(totalmem() / GIB),
  };
  writeFileSync(path, `${JSON.stringify({ at, seconds, machine, sections: results }, null, 2)}\n`);
  return path;
}

function cells(figure: Figure): string[] {
  const { name, value, unit, target } = figure;
  const isGood = isMet(figure);
  const wanted = !target
    ? ''
    : 'atLeast' in target
      ? `≥ ${formatNumber(target.atLeast)}`
      : `≤ ${formatNumber(target.atMost)}`;
  return [name, formatNumber(value), unit, wanted, isGood === undefined ? '' : isGood ? '✓' : '✗'];
}
