import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';

/** Texts of a config file by lower-cased dotted path, with the path as written, and what was wrong. */
export interface ConfigFile {
  values: Map<string, { path: string; text: string }>;
  faults: string[];
}

/**
 * Reads a YAML file of nested sections as text, so that `authToken: 0123` keeps its zero.
 * Empty values count as absent. Never throws; faults never quote the file, which holds secrets.
 */
export function readConfigFile(file: string): ConfigFile {
  const values: ConfigFile['values'] = new Map();
  let source: string;
  try {
    source = readFileSync(file, 'utf8');
  } catch (error) {
    return { values, faults: [`unable to read server config file: ${reasonOf(error)}`] };
  }

  const lineCounter = new LineCounter();
  const document = parseDocument(source, { schema: 'failsafe', lineCounter, prettyErrors: false });
  if (document.errors.length > 0) {
    const faults = document.errors.map(({ code, pos }) => {
      const { line, col } = lineCounter.linePos(pos[0]);
      return `config file is not valid YAML at line ${line}, column ${col} (${code})`;
    });
    return { values, faults };
  }

  const faults: string[] = [];
  let tree: unknown;
  try {
    tree = document.toJS();
  } catch {
    return { values, faults: ['config file is not valid YAML: an alias cannot be resolved'] };
  }
  if (isSection(tree)) collect(tree, '', values, faults);
  else if (!isBlank(tree)) faults.push('config file must hold sections of keys and values');
  return { values, faults };
}

function collect(
  section: Record<string, unknown>,
  prefix: string,
  values: ConfigFile['values'],
  faults: string[],
) {
  for (const [name, value] of Object.entries(section)) {
    const path = prefix + name;
    if (isSection(value)) collect(value, `${path}.`, values, faults);
    else if (typeof value !== 'string') {
      if (!isBlank(value)) faults.push(`${path} must be a single value, not a list`);
    } else if (values.has(path.toLowerCase())) {
      faults.push(`${path} is given twice in the config file`);
    } else {
      values.set(path.toLowerCase(), { path, text: isBlank(value) ? '' : value });
    }
  }
}

const isSection = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isBlank = (value: unknown): boolean =>
  value === null || value === undefined || (typeof value === 'string' && /^(null|~|\s*)$/i.test(value));

function reasonOf(error: unknown): string {
  const { code, path } = error as NodeJS.ErrnoException;
  const reason = code === 'ENOENT' ? 'no such file or directory' : (code ?? 'unknown reason');
  return path ? `${path}: ${reason}` : reason;
}
