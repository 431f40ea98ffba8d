import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Kronus } from '../harness.ts';
import { runScript } from '../script.ts';
import { findSchemathesis, NoFuzzer } from './schemathesis.ts';

const USAGE = `usage: npm run fuzz -- [--seconds N] [--seed N]

Asks a real Kronus whatever its own description allows, and much that it does not: no answer may be a 500, or one that
the description does not tell of. Needs Python 3.9; without it, it says so and does nothing.

  --seconds N  how long to ask (30)
  --seed N     repeats a run's requests`;

/** What is held against each answer; that a request should have been taken or refused is what the other tests are for. */
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
];
const FOLDER = fileURLToPath(new URL('.', import.meta.url));

interface Description {
  paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
}

/** What the server answers before it has found a route: too long an address, too long headers. */
const BEFORE_ROUTES = ['414', '431'];

/** The description of the API without "anything else": each status that a route answers must be told of. */
async function exactDescription(url: string): Promise<Description> {
  const description = (await (await fetch(`${url}/openapi.json`)).json()) as Description;
  for (const methods of Object.values(description.paths))
    for (const { responses } of Object.values(methods)) {
      for (const status of BEFORE_ROUTES) responses[status] = responses['default'];
      delete responses['default'];
    }
  return description;
}

/** The fuzzer makes no text from classes of Unicode: control characters are named one by one for it. */
const withoutClasses = (json: string) =>
  json.replaceAll('\\\\p{Cc}\\\\p{Cs}', '\\\\u0000-\\\\u001f\\\\u007f-\\\\u009f');

/** People, contacts and checks, for ids that exist; answers an API key, which outlives log-outs. */
async function populate(kronus: Kronus): Promise<string> {
  const admin = await kronus.admin();
  for (const firstName of ['Tony', 'Steve', 'Natasha']) await kronus.person({ firstName });
  const { first_name, last_name, email, phone_number } = kronus.profile('Hulk');
  const contact = { first_name, last_name, email, phone_number, is_emergency_contact: true };
  await admin.expects(201, 'POST', `/v1/users/${admin.id}/contacts`, contact);
  await admin.expects(201, 'POST', `/v1/users/${admin.id}/probes`, { in_minutes: 60 });
  const { key } = await admin.expects(201, 'POST', `/v1/users/${admin.id}/api-keys`, { label: 'fuzz' });
  return key;
}

async function fuzz(program: string, seconds: number, seed: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'kronus-fuzz-'));
  const kronus = await Kronus.start({ minuteMs: 60_000 });
  try {
    const key: string = await populate(kronus);
    const file = join(folder, 'openapi.json');
    writeFileSync(file, withoutClasses(JSON.stringify(await exactDescription(kronus.url))));
    const args = ['run', file, '--url', kronus.url, '--header', `X-Api-Key: ${key}`];
    args.push('--checks', CHECKS.join(','), '--seed', String(seed), '--max-time', String(seconds));
    args.push('--continue-on-failure', '--no-color', '--generation-database', 'none', '--warnings', 'off');
    const env = {
      ...process.env,
      PYTHONPATH: FOLDER,
      PYTHONDONTWRITEBYTECODE: '1',
      SCHEMATHESIS_HOOKS: 'hooks',
    };
    const child = spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'inherit', 'inherit'] });
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status) => resolve(status ?? 1));
    });
    const { status } = await kronus.call('GET', '/v1/whoami', { headers: { 'X-Api-Key': key } });
    // No fault of the API, and what was found before it counts.
    if (status !== 200) console.log(`fuzz: it locked itself out (${status}): what came after went unseen`);
    return code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await kronus.stop();
  }
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '30' },
      seed: { type: 'string', default: String(randomInt(1, 1_000_000_000)) },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  for (const name of ['seconds', 'seed'] as const)
    if (!/^[1-9]\d{0,9}$/.test(values[name])) throw new Error(`--${name} must be a whole number above 0`);
  return { isHelp: values.help, seconds: Number(values.seconds), seed: Number(values.seed) };
}

async function run({ seconds, seed }: ReturnType<typeof readOptions>): Promise<boolean> {
  try {
    const program = await findSchemathesis((what) => console.log(`fuzz: ${what}`));
    console.log(`fuzz: ${seconds} s, seed ${seed}`);
    return (await fuzz(program, seconds, seed)) === 0;
  } catch (error) {
    if (!(error instanceof NoFuzzer)) throw error;
    console.log(`fuzz: SKIPPED, because ${error.message}`);
    return true;
  }
}

await runScript({ usage: USAGE, readOptions, run });
