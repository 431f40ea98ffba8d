import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** The folder of docker-compose.yml and of what it mounts. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** A service as docker-compose.yml describes it, as far as we look at it. */
export interface Service {
  image: string;
  command?: string[];
  environment?: Record<string, string | number | null>;
  networks?: string[] | Record<string, { ipv4_address: string }>;
  ports?: string[];
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
  restart: string;
  healthcheck?: { test?: string[]; disable?: boolean };
  logging?: { options: Record<string, string> };
  deploy?: { replicas?: number; resources?: { limits?: { memory?: string; pids?: number } } };
  read_only?: boolean;
  cap_drop?: string[];
}

/** The whole file. */
export interface ComposeFile {
  name: string;
  services: Record<string, Service>;
  networks: Record<
    string,
    { internal?: boolean; ipam?: { config: { subnet: string; ip_range: string }[] } } | null
  >;
  volumes: Record<string, unknown>;
}

/** The names of the networks that a service is in. */
export const networksOf = ({ networks = [] }: Service): string[] =>
  Array.isArray(networks) ? networks : Object.keys(networks);

/** docker-compose.yml as text. */
export const composeText = (): string => readFileSync(`${ROOT}docker-compose.yml`, 'utf8');

/** docker-compose.yml with merged keys; variables are filled in when `variables` are given. */
export function readCompose(variables?: Record<string, string>): ComposeFile {
  const file = parse(composeText(), { merge: true }) as ComposeFile;
  return variables ? fillIn(file, variables) : file;
}

/** Every variable that a text takes from .env. */
export const variablesOf = (text: string): string[] => [
  ...new Set([...text.matchAll(VARIABLE)].flatMap(({ groups }) => groups?.['name'] ?? [])),
];

/** What a container of a service is given; a name without a value is taken from .env, and left out when it is not there. */
export function environmentOf(service: Service, variables: Record<string, string>): Record<string, string> {
  const given = Object.entries(service.environment ?? {}).map(([name, value]) => [
    name,
    value === null ? variables[name] : String(value),
  ]);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/** The variables of a .env or .env.example; those that are commented out too when `isOptionalToo`. */
export function variableLines(text: string, isOptionalToo = false): Record<string, string> {
  const line = isOptionalToo ? /^(?:# )?([A-Z][A-Z0-9_]*)=(.*)$/gm : /^([A-Z][A-Z0-9_]*)=(.*)$/gm;
  return Object.fromEntries(
    [...text.matchAll(line)].map(([, name, value]) => [name!, value!.replace(/^'(.*)'$/, '$1')]),
  );
}

/** `$$`, `${NAME}`, and `${NAME:-default}`, `${NAME:?message}`, `${NAME:+instead}`. */
const VARIABLE = /\$\$|\$\{(?<name>[A-Z][A-Z0-9_]*)(?::(?<kind>[-?+])(?<word>[^}]*))?\}/g;

function fillIn<Value>(value: Value, variables: Record<string, string>): Value {
  if (typeof value === 'string') return replaceVariables(value, variables) as Value;
  if (Array.isArray(value)) return value.map((each) => fillIn(each, variables)) as Value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, fillIn(each, variables)]),
  ) as Value;
}

function replaceVariables(text: string, variables: Record<string, string>): string {
  return text.replace(VARIABLE, (whole, name?: string, kind?: string, word = '') => {
    if (name === undefined) return '$';
    const value = variables[name] ?? '';
    if (kind === '+') return value === '' ? '' : word;
    if (value !== '' || kind === undefined) return value;
    if (kind === '-') return word;
    throw new Error(`${name} is missing: ${word} (${whole})`);
  });
}
