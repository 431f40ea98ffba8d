import twilio from 'twilio';
import { hashPassword } from '#libs/security/password';
import { addPeople, farTick, type BenchPerson, type PeopleOptions } from './people.ts';
import type { Rig } from './rig.ts';
import type { RequestOf } from './http.load.ts';

/** A route under load. */
export interface Route {
  name: string;
  kind: 'read' | 'write';
  requestOf: RequestOf;
}

const PASSWORD = 'very-secure';
const CONTACTS = 20;
const WEBHOOK = '/webhook/sms';
const OUR_NUMBER = '+15005550006';
const NEW_PHONE_BASE = 14_000_000_000;

type Account = BenchPerson & { headers: Record<string, string> };

/** The routes, with accounts enough that each connection has its own; sets those up. */
export async function httpRoutes(rig: Rig, connections: number): Promise<Route[]> {
  const passwordHash = await hashPassword(PASSWORD);
  const add = (options: Partial<PeopleOptions> = {}) =>
    addPeople(rig, { count: connections, contacts: CONTACTS, passwordHash, ...options });
  const quiet = await logIn(rig, await add());
  const keys = await makeKeys(rig, quiet);
  const far = farTick();
  const watched = await logIn(rig, await add({ schedule: far }));
  await rig.wake(watched.map(({ id }) => id));
  const asked = await add({ isAsked: true });

  let number = 0;
  const pathOf = ({ id }: Account) => `/v1/users/${id}`;
  const changesCron = (accounts: Account[]): RequestOf => {
    return (connection) => {
      const account = accounts[connection]!;
      return {
        method: 'PUT',
        path: `${pathOf(account)}/probe_settings`,
        headers: account.headers,
        setupRequest: (request) => ({
          ...request,
          body: JSON.stringify({ cron_expression: far.cronAt(number++) }),
        }),
      };
    };
  };

  return [
    {
      name: 'GET own user',
      kind: 'read',
      requestOf: (connection) => {
        const account = quiet[connection]!;
        return { method: 'GET', path: pathOf(account), headers: account.headers };
      },
    },
    {
      name: 'GET own user, API key',
      kind: 'read',
      requestOf: (connection) => {
        const account = quiet[connection]!;
        return { method: 'GET', path: pathOf(account), headers: { 'X-Api-Key': keys[connection]! } };
      },
    },
    {
      name: `GET ${CONTACTS} contacts`,
      kind: 'read',
      requestOf: (connection) => {
        const account = quiet[connection]!;
        return { method: 'GET', path: `${pathOf(account)}/contacts`, headers: account.headers };
      },
    },
    {
      name: 'POST contact',
      kind: 'write',
      requestOf: (connection) => {
        const account = quiet[connection]!;
        return {
          method: 'POST',
          path: `${pathOf(account)}/contacts`,
          headers: account.headers,
          setupRequest: (request) => ({ ...request, body: newContact(number++) }),
        };
      },
    },
    { name: 'PUT cron, inactive', kind: 'write', requestOf: changesCron(quiet) },
    { name: 'PUT cron, active', kind: 'write', requestOf: changesCron(watched) },
    { name: 'webhook, nothing pending', kind: 'write', requestOf: texts(rig, quiet) },
    { name: 'webhook, check pending', kind: 'write', requestOf: texts(rig, asked) },
  ];
}

/** Texts that decide nothing. */
const texts =
  (rig: Rig, people: readonly BenchPerson[]): RequestOf =>
  (connection) => ({
    method: 'POST',
    path: WEBHOOK,
    setupRequest: (request) => {
      const { headers, body } = signedText(rig, people[connection]!.phone, 'what do you mean?');
      return { ...request, headers, body };
    },
  });

let texted = 0;
const run = crypto.randomUUID().replaceAll('-', '').slice(0, 20);

/** A text to the webhook, with an id of its own and signed as Twilio signs. */
export function signedText({ url, authToken }: Rig, from: string, text: string) {
  const sid = `SM${run}${String(texted++).padStart(12, '0')}`;
  const fields = {
    MessageSid: sid,
    SmsSid: sid,
    From: from,
    To: OUR_NUMBER,
    Body: text,
    NumMedia: '0',
    NumSegments: '1',
  };
  const headers = {
    'Content-Type': 'application/x-www-form-urlencoded',
    'X-Twilio-Signature': twilio.getExpectedTwilioSignature(authToken, url + WEBHOOK, fields),
  };
  return { path: WEBHOOK, headers, body: new URLSearchParams(fields).toString() };
}

async function logIn(rig: Rig, people: BenchPerson[]): Promise<Account[]> {
  const accounts: Account[] = [];
  for (const person of people) {
    const response = await fetch(`${rig.url}/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email: person.email, password: PASSWORD }),
    });
    if (!response.ok) throw new Error(`the log-in answered ${response.status}`);
    const { data } = (await response.json()) as { data: { token: string } };
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${data.token}` };
    accounts.push({ ...person, headers });
  }
  return accounts;
}

async function makeKeys(rig: Rig, accounts: readonly Account[]): Promise<string[]> {
  const keys: string[] = [];
  for (const { id, headers } of accounts) {
    const response = await fetch(`${rig.url}/v1/users/${id}/api-keys`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ label: 'bench' }),
    });
    if (!response.ok) throw new Error(`making a key answered ${response.status}`);
    keys.push(((await response.json()) as { data: { key: string } }).data.key);
  }
  return keys;
}

const newContact = (number: number): string =>
  JSON.stringify({
    first_name: 'Natasha',
    last_name: 'Romanoff',
    phone_number: `+${NEW_PHONE_BASE + number}`,
    email: `new.${number}@example.org`,
    // One who is flagged would be texted, in the middle of what is measured next.
    is_emergency_contact: false,
  });
