import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress } from '#libs/embedded/progress';
import { runCommand } from '#libs/embedded/run-command';
import type { Phone } from '#libs/testing/phone';
import { send, type Answer, type Request } from './proxy.ts';
import type { Site } from './site.ts';

const VISITOR = '127.39.9.1';
const ADMIN = { email: 'pepper@example.org', password: 'very-secure' };
const PERSON = { email: 'tony@example.org', password: 'very-secure', phone_number: '+15550100001' };
const CONTACT = {
  first_name: 'Hulk',
  last_name: 'Green',
  email: 'hulk@example.org',
  phone_number: '+15550100002',
};
const PER_SECOND = 10;
const AT_ONCE = 30;
/** A minute, and the time that a busy machine takes. */
const CHECK_LIMIT_MS = 120_000;

/** Tries what the compose file promises, from outside; rejects at the first that does not hold. */
export async function walk(site: Site, progress: Progress): Promise<void> {
  const step = (name: string, work: () => Promise<void>) => progress.step(name, work);
  await step('the image holds every bundle, and nothing is written', () => holdsBundles(site));
  await step('http is sent to https', () => redirects(site));
  await step('HSTS, and no word of what serves it', () => tellsBrowsers(site));
  await step('/metrics is for the inside', () => hidesMetrics(site));
  const visitor = new Visitor(site);
  await step('the first account, a person, log-ins', () => visitor.settles());
  await step('a caller cannot claim another address', () => seesThroughClaims(visitor));
  await step('a check is answered through the proxy', () => answersCheck(site, visitor));
  if (site.skipped.length === 0)
    await step('thirty at once are limited once', () => limitsOnce(site, visitor));
  await step('an API dies and nobody notices', () => survivesDeath(site, visitor));
  await site.phones.expectNothingElseSent();
}

/** As the user of the containers, who may write nothing there. */
async function holdsBundles({ root }: Site): Promise<void> {
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const env = { PATH: process.env['PATH'], KRONUS_CACHE_DIR: join(root, 'app/bundles') };
  const lines: string[] = [];
  await runCommand(process.execPath, [join(root, 'app/dist/apps/worker/src/prepare-bundles.js')], {
    ...user,
    env,
    onLine: (line) => lines.push(line),
  });
  assert(
    lines.length > 1 && lines.every((line) => line.startsWith(join(root, 'app/bundles/'))),
    lines.join('\n'),
  );
}

async function redirects(site: Site): Promise<void> {
  const answer = await send(`${site.httpUrl}/health?a=b`, {});
  assert.equal(answer.status, 308);
  assert.equal(answer.headers.location, 'https://localhost/health?a=b');
}

async function tellsBrowsers(site: Site): Promise<void> {
  for (const path of ['/health', '/metrics', '/nowhere']) {
    const { headers } = await site.ask(path);
    assert.equal(headers['strict-transport-security'], 'max-age=31536000', path);
    assert.equal(headers.server, undefined, path);
  }
  assert.equal((await site.ask('/v1/healthcheck')).status, 200);
}

async function hidesMetrics(site: Site): Promise<void> {
  for (const path of ['/metrics', '/metrics/', '/metrics?x=1'])
    assert.equal((await site.ask(path)).status, 404, path);
  for (const { address } of site.workers) {
    const { status, body } = await send(`http://${address}:9464/metrics`, {});
    assert.equal(status, 200);
    assert.match(body, /^kronus_up/m);
  }
}

/** Somebody from an address of their own, who has an account and looks after a person. */
class Visitor {
  #admin = '';
  #token = '';
  id = 0;

  constructor(private readonly site: Site) {}

  ask(path: string, how: Request = {}, token = this.#token): Promise<Answer> {
    const headers = { ...(token && { Authorization: `Bearer ${token}` }), ...how.headers };
    return this.site.ask(path, { from: VISITOR, ...how, headers });
  }

  /** Asks as the admin, and answers the data. */
  async asAdmin(path: string, how: Request = {}): Promise<unknown> {
    return dataOf(await this.ask(path, how, this.#admin));
  }

  async settles(): Promise<void> {
    const pepper = { ...ADMIN, first_name: 'Pepper', last_name: 'Potts', phone_number: '+15550100000' };
    dataOf(await this.ask('/v1/users', { method: 'POST', body: pepper }));
    this.#admin = await this.logIn(ADMIN);
    const tony = { ...PERSON, first_name: 'Tony', last_name: 'Stark' };
    const { id } = (await this.asAdmin('/v1/users', { method: 'POST', body: tony })) as { id: number };
    this.id = id;
    this.#token = await this.logIn(PERSON);
  }

  private async logIn({ email, password }: { email: string; password: string }): Promise<string> {
    const answer = await this.ask('/login', { method: 'POST', body: { email, password } }, '');
    return (dataOf(answer) as { token: string }).token;
  }
}

async function seesThroughClaims(visitor: Visitor): Promise<void> {
  const claim = { headers: { 'X-Forwarded-For': '6.6.6.6' }, method: 'POST', body: { label: 'from afar' } };
  dataOf(await visitor.ask(`/v1/users/${visitor.id}/api-keys`, claim));
  const entries = (await visitor.asAdmin('/v1/audit')) as { address: string }[];
  assert.deepEqual([...new Set(entries.map(({ address }) => address))], [VISITOR]);
}

async function answersCheck(site: Site, visitor: Visitor): Promise<void> {
  const contact = { ...CONTACT, is_emergency_contact: true };
  dataOf(await visitor.ask(`/v1/users/${visitor.id}/contacts`, { method: 'POST', body: contact }));
  await site.phones.phone(CONTACT.phone_number).receives('made you an emergency contact');
  const path = `/v1/users/${visitor.id}/probes`;
  dataOf(await visitor.ask(path, { method: 'POST', body: { in_minutes: 1 } }));
  const phone = site.phones.phone(PERSON.phone_number);
  await phone.receives(/okay/i, { withinMs: CHECK_LIMIT_MS });
  await answers(phone, 'yes');
  const isGood = async () => {
    const [probe] = dataOf(await visitor.ask(path)) as { status: { name: string } }[];
    return probe?.status.name === 'good';
  };
  for (const until = Date.now() + CHECK_LIMIT_MS; !(await isGood()); await sleep(500))
    assert(Date.now() < until, 'the answer should settle the check');
}

/** Texts, and reads what the webhook answers. */
async function answers(phone: Phone, text: string): Promise<void> {
  for (const reply of (await phone.replies(text)).replies) await phone.receives(reply);
}

async function limitsOnce(site: Site, visitor: Visitor): Promise<void> {
  // What was asked before counts for a second.
  await sleep(1_500);
  const before = site.apis.map(({ logFile }) => requestsIn(logFile));
  const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => visitor.ask('/v1/whoami')));
  const count = (status: number) => answers.filter((answer) => answer.status === status).length;
  assert.deepEqual([count(200), count(429)], [PER_SECOND, AT_ONCE - PER_SECOND]);
  site.apis.forEach(({ name, logFile }, index) =>
    assert(requestsIn(logFile) > before[index]!, `${name} should have had its share`),
  );
  await sleep(1_500);
}

async function survivesDeath(site: Site, visitor: Visitor): Promise<void> {
  const [first] = site.apis;
  process.kill(first!.process.pid, 'SIGKILL');
  await first!.process.exited;
  for (let turn = 1; turn <= 12; turn++) {
    dataOf(await visitor.ask('/v1/whoami'));
    const key = { method: 'POST', body: { label: `after the end ${turn}` } };
    if (turn <= 4) dataOf(await visitor.ask(`/v1/users/${visitor.id}/api-keys`, key));
    await sleep(1_000 / PER_SECOND + 100);
  }
  await answers(site.phones.phone(PERSON.phone_number), 'resume');
}

const requestsIn = (logFile: string): number =>
  readFileSync(logFile, 'utf8').split('"path":"/v1/whoami"').length - 1;

function dataOf({ status, body }: Answer): unknown {
  assert(status === 200 || status === 201, `${status} ${body}`);
  return (JSON.parse(body) as { data: unknown }).data;
}
