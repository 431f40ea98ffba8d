import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { runtimeFlags, startPhones, type PhonesServer } from '#libs/embedded/phones';
import { portOr } from '#libs/embedded/ports';
import { forget, watch } from '#libs/embedded/watchdog';
import { findPrivateInLog } from '#libs/testing/log-privacy';
import { Phones, type Phone, type PhoneMessage } from '#libs/testing/phone';
import { keptInTemporal } from './kept-in-temporal.ts';
import { findPersonalData } from './personal-data.check.ts';

const MAIN = fileURLToPath(new URL('../cli/src/main.ts', import.meta.url));
const START_LIMIT_MS = 60_000;
const TEMPORAL_LIMIT_MS = 2_000;

/** An answer of the API: the status, the parsed body, and the header fields. */
export interface ApiAnswer {
  status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- a story reads what the API answered, whatever that is
  body: any;
  headers: Headers;
}

/** What an account or a contact of a story is made of. */
interface Profile {
  first_name: string;
  last_name: string;
  email: string;
  password: string;
  phone_number: string;
}

/** How a person of a story is set up. */
export interface PersonOptions {
  firstName?: string;
  /** First names of the emergency contacts, in the order in which they are asked. */
  contacts?: string[];
  settings?: Record<string, unknown>;
}

/** How the Kronus of a story runs. */
export interface KronusOptions {
  /** How long a minute of waiting lasts. */
  minuteMs?: number;
  env?: NodeJS.ProcessEnv;
  /** Phones that go on working while Kronus is down. */
  hasOwnPhones?: boolean;
}

/**
 * A whole Kronus for stories: the real process with every server that it brings along, in test mode, where a minute of
 * waiting lasts `minuteMs`. Spoken to by HTTP and by phone only.
 */
export class Kronus {
  #profiles: Profile[] = [];
  #admin: Promise<Account> | undefined;

  private constructor(
    readonly url: string,
    readonly phones: Phones,
    readonly env: NodeJS.ProcessEnv,
    private running: Running,
    private readonly dataDir: string,
    private readonly minuteMs: number,
    private readonly simulator: PhonesServer | undefined,
  ) {}

  /** Starts Kronus and sets up its first account. */
  static async start({
    minuteMs = 400,
    env = {},
    hasOwnPhones = false,
  }: KronusOptions = {}): Promise<Kronus> {
    const port = await freeBlock();
    const phonesPort = port + 1;
    const dataDir = mkdtempSync(join(tmpdir(), 'kronus-e2e-'));
    const settings = {
      ...process.env,
      KRONUS_PORT: String(port),
      KRONUS_PHONES_PORT: String(phonesPort),
      KRONUS_TEMPORAL_PORT: String(port + 3),
      KRONUS_DATA_DIR: dataDir,
      KRONUS_MINUTE_MS: String(minuteMs),
      ...env,
    };
    const url = `http://127.0.0.1:${port}`;
    const simulator = hasOwnPhones ? await startOwnPhones(phonesPort, url, dataDir) : undefined;
    if (simulator) Object.assign(settings, simulator.settings);
    const child = await launch(settings, url);
    const kronus = new Kronus(
      url,
      new Phones(`http://127.0.0.1:${phonesPort}`),
      settings,
      child,
      dataDir,
      minuteMs,
      simulator?.server,
    );
    await kronus.phones.mark();
    return kronus;
  }

  /** Stops Kronus as an operator does, and checks that it ended well, and that neither Temporal nor the log knows anybody. */
  async stop(): Promise<void> {
    const found = await this.personalDataInTemporal().catch((error: unknown) => [String(error)]);
    const code = await end(this.running.process, 'SIGTERM');
    await this.simulator?.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
    if (code !== 0)
      throw new Error(`kronus ended with code ${code}:\n${this.running.output().slice(-2_000)}`);
    const logged = findPrivateInLog(this.running.output());
    if (logged.length > 0) throw new Error(logged.join('\n'));
    if (found.length > 0) throw new Error(`Temporal must not know anybody:\n${found.join('\n')}`);
  }

  /**
   * What Temporal keeps about the people of this Kronus: nothing, or a finding each. Looks as a stranger, without keys,
   * at everything; also nothing when no server answers (a story may end with a crash).
   */
  async personalDataInTemporal(): Promise<string[]> {
    const options = { address: this.temporalAddress, connectTimeout: TEMPORAL_LIMIT_MS };
    const connection = await Connection.connect(options).catch(() => null);
    if (!connection) return [];
    try {
      const [kept, { messages }] = await Promise.all([
        keptInTemporal(connection.workflowService),
        this.phones.call<{ messages: PhoneMessage[] }>('/control/messages'),
      ]);
      return findPersonalData(kept, {
        phoneNumbers: this.#profiles.map((each) => each.phone_number),
        names: this.#profiles.flatMap((each) => [each.first_name, each.last_name]),
        emails: this.#profiles.map((each) => each.email),
        texts: messages.map((each) => each.body),
      });
    } finally {
      await connection.close();
    }
  }

  /** Kills the process, as a crash or a power cut of it would; its servers end with it. Data stays. */
  async crash(): Promise<void> {
    await end(this.running.process, 'SIGKILL');
  }

  /** Stops it in order; data stays. */
  async halt(): Promise<void> {
    const code = await end(this.running.process, 'SIGTERM');
    if (code !== 0) throw new Error(`kronus ended with code ${code}:\n${this.output().slice(-2_000)}`);
  }

  /** Stops it in order and starts it again on what was kept, as an upgrade does. */
  async upgrade(): Promise<void> {
    await this.halt();
    await this.restart();
  }

  /** Everything that it printed since its last start. */
  output(): string {
    return this.running.output();
  }

  /** Starts Kronus again after a crash, on what was kept. */
  async restart(): Promise<void> {
    this.running = await launch(this.env, this.url);
  }

  /** Kills one of the servers that came along; Kronus starts it again. */
  async killServer(name: 'temporal' | 'postgres'): Promise<void> {
    const pattern = { temporal: 'server start-dev', postgres: 'postgres -D' }[name];
    const pids = execFileSync('pgrep', ['-P', String(this.running.process.pid), '-f', pattern], {
      encoding: 'utf8',
    });
    process.kill(Number(pids.trim().split('\n')[0]), 'SIGKILL');
    const label = { temporal: 'Temporal', postgres: 'PostgreSQL' }[name];
    await until(
      () => this.running.output().includes(`${label} runs again.`),
      START_LIMIT_MS,
      `${label} to run again`,
    );
  }

  /** Where its Temporal server listens. */
  get temporalAddress(): string {
    return `127.0.0.1:${this.env.KRONUS_TEMPORAL_PORT}`;
  }

  /** The folder of everything kept. */
  get kept(): string {
    return this.dataDir;
  }

  /** The first account, an admin. */
  admin(): Promise<Account> {
    return (this.#admin ??= this.bootstrap());
  }

  private async bootstrap(): Promise<Account> {
    const body = this.profile('Pepper');
    const { status } = await this.call('POST', '/v1/users', { body });
    if (status !== 201) throw new Error(`the first account was refused: ${status}`);
    return this.login(body);
  }

  /** A person with a phone, who is watched as `settings` say, and whose contacts know that they are. */
  async person({ firstName = 'Tony', contacts = ['Hulk'], settings }: PersonOptions = {}): Promise<Person> {
    const admin = await this.admin();
    const profile = this.profile(firstName);
    await admin.expects(201, 'POST', '/v1/users', profile);
    const account = await this.login(profile);
    const path = `/v1/users/${account.id}`;
    const phones: Phone[] = [];
    for (const name of contacts) {
      const { email, phone_number, first_name, last_name } = this.profile(name);
      const contact = { email, phone_number, first_name, last_name, is_emergency_contact: true };
      await account.expects(201, 'POST', `${path}/contacts`, contact);
      const phone = this.phones.phone(phone_number);
      await phone.receives(`Hi ${name}, ${firstName} Stark made you an emergency contact`);
      phones.push(phone);
    }
    const person = new Person(account, this.phones.phone(profile.phone_number), phones);
    if (settings) await person.changesSettings(settings);
    return person;
  }

  /** Ends a story: nothing was sent to anyone that the story does not tell of. */
  async endStory(): Promise<void> {
    await this.phones.expectNothingElseSent().finally(() => this.phones.mark());
  }

  /** Lets waiting time pass: only for stories in which nothing must happen. */
  minutesPass(minutes: number): Promise<void> {
    return sleep(minutes * this.minuteMs);
  }

  /** Calls the API. */
  async call(
    method: string,
    path: string,
    { body, token, headers = {} }: { body?: unknown; token?: string; headers?: Record<string, string> } = {},
  ): Promise<ApiAnswer> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
  }

  /** A profile that nobody has yet. */
  profile(firstName: string): Profile {
    const number = this.#profiles.length + 1;
    const profile = {
      first_name: firstName,
      last_name: 'Stark',
      email: `${firstName.toLowerCase()}.${number}@example.org`,
      password: 'very-secure',
      phone_number: `+1555${String(1_000_000 + number)}`,
    };
    this.#profiles.push(profile);
    return profile;
  }

  private async login({ email, password }: { email: string; password: string }): Promise<Account> {
    const { body } = await this.call('POST', '/login', { body: { email, password } });
    const token: string = body.data.token;
    const { uid } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
    return new Account(this, uid, token);
  }
}

/** Somebody who is logged in. */
export class Account {
  constructor(
    private readonly kronus: Kronus,
    readonly id: number,
    readonly token: string,
  ) {}

  call(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    return this.kronus.call(method, path, { body, token: this.token });
  }

  /** Calls and answers the data. @throws Error when the status is another one */
  async expects(status: number, method: string, path: string, body?: unknown): Promise<ApiAnswer['body']> {
    const answer = await this.call(method, path, body);
    if (answer.status === status) return answer.body.data;
    throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }
}

/** A watched person: their account, their phone, and the phones of their emergency contacts. */
export class Person {
  readonly path: string;

  constructor(
    readonly account: Account,
    readonly phone: Phone,
    readonly contacts: Phone[],
  ) {
    this.path = `/v1/users/${account.id}`;
  }

  changesSettings(settings: Record<string, unknown>) {
    return this.account.expects(200, 'PUT', `${this.path}/probe_settings`, settings);
  }

  /** Asks to be checked on; by default in one minute, with waits of five. */
  asksForCheck(check: Record<string, unknown> = {}) {
    const body = { in_minutes: 1, max_retries: 1, wait_time_in_minutes: 5, ...check };
    return this.account.expects(201, 'POST', `${this.path}/probes`, body);
  }

  /** The person's probes, newest first, as the API shows them. */
  async probes(): Promise<Record<string, unknown>[]> {
    return this.account.expects(200, 'GET', `${this.path}/probes`);
  }

  async isActive(): Promise<boolean> {
    const user = await this.account.expects(200, 'GET', this.path);
    return user.probe_settings.active;
  }
}

/** Starts phones that Kronus does not end, and answers the settings that lead it there. */
async function startOwnPhones(port: number, url: string, folder: string) {
  const account = { accountSid: `AC${'e'.repeat(32)}`, authToken: 'e2e-auth-token' };
  const webhookUrl = `${url}/webhook/sms`;
  const server = await startPhones({ port, webhookUrl, ...account, logFile: join(folder, 'own-phones.log') });
  const settings = {
    KRONUS_PUBLIC_URL: url,
    TWILIO_API_BASE_URL: server.url,
    TWILIO_ACCOUNT_SID: account.accountSid,
    TWILIO_AUTH_TOKEN: account.authToken,
  };
  return { server, settings };
}

/** A port with free ones after it, outside of the range from which the system takes ports for outgoing connections. */
async function freeBlock(): Promise<number> {
  for (;;) {
    const port = 20_000 + 10 * Math.floor(Math.random() * 1_000);
    const ports = [0, 1, 2, 3, 4].map((offset) => port + offset);
    if ((await Promise.all(ports.map(portOr))).every((each, index) => each === ports[index])) return port;
  }
}

interface Running {
  process: ChildProcess;
  /** Everything that it printed so far. */
  output(): string;
}

async function launch(env: NodeJS.ProcessEnv, url: string): Promise<Running> {
  const child = spawn(process.execPath, [...runtimeFlags(), MAIN, 'server', '--test'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A story that fails before its end must not leave it running.
  const pid = child.pid!;
  watch(pid, 'SIGTERM');
  child.once('exit', () => forget(pid));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const deadline = Date.now() + START_LIMIT_MS;
  while (!output.includes('Kronus is ready')) {
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error(`kronus did not start at ${url}:\n${output}`);
    await sleep(50);
  }
  return { process: child, output: () => output };
}

/** Waits until `check` holds. @throws Error naming what was waited for */
export async function until(
  check: () => boolean | Promise<boolean>,
  limitMs: number,
  what: string,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`waited ${limitMs} ms in vain for ${what}`);
    await sleep(50);
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  child.kill(signal);
  return exited;
}
