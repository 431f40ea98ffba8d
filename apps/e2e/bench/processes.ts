import { readdirSync, readFileSync } from 'node:fs';
import type { Rig } from './rig.ts';

/** A part of the rig, of one process or more. */
export type Part = 'kronus' | 'temporal' | 'postgres' | 'simulator';

/** Memory of each part in MiB; a part that cannot be measured on this machine is left out. */
export interface Memory {
  /** PSS (shared pages count in shares) where the kernel tells, else RSS. */
  kind: 'PSS' | 'RSS';
  mib: Partial<Record<Part, number>>;
}

/** CPU time that was used until a moment, in seconds. */
export interface CpuTime {
  parts: Partial<Record<Part, number>>;
  /** The bench itself. */
  bench: number;
  /** Everything on the machine; undefined where the kernel does not tell. */
  machine: number | undefined;
}

const KIB_PER_MIB = 1_024;
// Linux' USER_HZ, the same on every architecture that Node runs on.
const TICKS_PER_SECOND = 100;

/** The memory of every part at this moment; nothing where there is no `/proc`. */
export function memoryOf(rig: Rig): Memory {
  const kind = kibOf(rig.pids.kronus, 'PSS') === undefined ? 'RSS' : 'PSS';
  const toMib = (kib: number) => Math.round(kib / KIB_PER_MIB);
  return { kind, mib: sumByPart(rig, (pid) => kibOf(pid, kind), toMib) };
}

/** The CPU time of every part until now; nothing where there is no `/proc`. */
export function cpuTimeOf(rig: Rig): CpuTime {
  const { user, system } = process.cpuUsage();
  const [, ...ticks] = read('/proc/stat')?.split('\n')[0]?.split(/\s+/) ?? [];
  // user, nice, system, idle, iowait, irq, softirq
  const [used = 0, nice = 0, kernel = 0, , , irq = 0, softirq = 0] = ticks.map(Number);
  return {
    parts: sumByPart(rig, cpuSecondsOf),
    bench: (user + system) / 1e6,
    machine: ticks.length > 0 ? (used + nice + kernel + irq + softirq) / TICKS_PER_SECOND : undefined,
  };
}

/** What was used from one moment to another, in seconds; `others` is what nobody of the rig used. */
export function cpuBetween(from: CpuTime, to: CpuTime): Record<string, number> {
  const parts = Object.entries(to.parts).map(
    ([part, seconds]) => [part, seconds - (from.parts[part as Part] ?? 0)] as const,
  );
  const bench = to.bench - from.bench;
  const ours = parts.reduce((sum, [, seconds]) => sum + seconds, bench);
  const all = { ...Object.fromEntries(parts), bench };
  return to.machine === undefined || from.machine === undefined
    ? all
    : { ...all, others: Math.max(0, to.machine - from.machine - ours) };
}

/** The process of the Temporal that Kronus brought along. */
export const temporalPid = ({ pids }: Rig): number | undefined => temporalOf(pids.kronus, listProcesses())[0];

const temporalOf = (kronus: number, processes: readonly ProcessEntry[]): number[] =>
  processes
    .filter(({ parent, command }) => parent === kronus && command.includes('start-dev'))
    .map(({ pid }) => pid);

function sumByPart(
  { pids }: Rig,
  measure: (pid: number) => number | undefined,
  convert: (sum: number) => number = (sum) => sum,
): Partial<Record<Part, number>> {
  const processes = listProcesses();
  const childrenOf = (pid: number) => processes.filter((each) => each.parent === pid);
  const members: Record<Part, number[]> = {
    kronus: [pids.kronus],
    temporal: temporalOf(pids.kronus, processes),
    postgres: [pids.postgres, ...childrenOf(pids.postgres).map(({ pid }) => pid)],
    simulator: [pids.simulator],
  };
  const sums = Object.entries(members).flatMap(([part, ids]) => {
    const values = ids.flatMap((pid) => measure(pid) ?? []);
    return values.length > 0 ? [[part, convert(values.reduce((sum, value) => sum + value, 0))] as const] : [];
  });
  return Object.fromEntries(sums);
}

interface ProcessEntry {
  pid: number;
  parent: number;
  command: string;
}

function listProcesses(): ProcessEntry[] {
  return folders('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    const parent = Number(read(`/proc/${name}/status`)?.match(/^PPid:\s+(\d+)/m)?.[1]);
    return parent ? [{ pid: Number(name), parent, command: read(`/proc/${name}/cmdline`) ?? '' }] : [];
  });
}

function kibOf(pid: number, kind: Memory['kind']): number | undefined {
  const [file, field] = kind === 'PSS' ? ['smaps_rollup', 'Pss'] : ['status', 'VmRSS'];
  const found = read(`/proc/${pid}/${file}`)?.match(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm'))?.[1];
  return found === undefined ? undefined : Number(found);
}

function cpuSecondsOf(pid: number): number | undefined {
  const text = read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The name, in parentheses, may hold spaces; utime and stime are the 14th and 15th field.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The text of a file; undefined when it is gone, as processes may be while they are looked at. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function folders(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
