import twilio from 'twilio';
import { hashPassword } from '#libs/security/password';
import { addPeople, type BenchPerson, type PeopleOptions } from './people.ts';
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
const MINUTES_OF_DAY = 1_440;
const OUR_NUMBER = '+15005550006';
const NEW_PHONE_BASE = 14_000_000_000;

type Account = BenchPerson & { headers: Record<string, string> };

/** The routes, with accounts enough that each connection has its own; sets those up. */
export async function httpRoutes(rig: Rig, connections: number): Promise<Route[]> {
  const passwordHash = await hashPassword(PASSWORD);
  const add = (options: Partial<PeopleOptions> = {}) =>
    addPeople(rig, { count: connections, contacts: CONTACTS, passwordHash, ...options });
  const quiet = await logIn(rig, await add());
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

/** Texts that decide nothing, each with an id of its own and signed as Twilio signs. */
function texts({ url, authToken }: Rig, people: readonly BenchPerson[]): RequestOf {
  let number = 0;
  const run = crypto.randomUUID().replaceAll('-', '').slice(0, 20);
  return (connection) => ({
    method: 'POST',
    path: '/webhook/sms',
    setupRequest: (request) => {
      const sid = `SM${run}${String(number++).padStart(12, '0')}`;
      const fields = {
        MessageSid: sid,
        SmsSid: sid,
        From: people[connection]!.phone,
        To: OUR_NUMBER,
        Body: 'what do you mean?',
        NumMedia: '0',
        NumSegments: '1',
      };
      return {
        ...request,
        headers: {
          'Content-Type': 'application/x-www-form-urlencoded',
          'X-Twilio-Signature': twilio.getExpectedTwilioSignature(authToken, `${url}/webhook/sms`, fields),
        },
        body: new URLSearchParams(fields).toString(),
      };
    },
  });
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

const newContact = (number: number): string =>
  JSON.stringify({
    first_name: 'Natasha',
    last_name: 'Romanoff',
    phone_number: `+${NEW_PHONE_BASE + number}`,
    email: `new.${number}@example.org`,
    is_emergency_contact: true,
  });

/** A day half a year away, so that no tick falls into the measurement. */
function farTick() {
  const now = new Date();
  const month = ((now.getUTCMonth() + 6) % 12) + 1;
  const cronAt = (number: number) => {
    const minute = number % MINUTES_OF_DAY;
    return `${minute % 60} ${Math.floor(minute / 60)} 1 ${month} *`;
  };
  const nextTickAt = new Date(
    Date.UTC(now.getUTCFullYear() + (month <= now.getUTCMonth() ? 1 : 0), month - 1, 1),
  );
  return { cron: cronAt(0), nextTickAt, cronAt };
}
