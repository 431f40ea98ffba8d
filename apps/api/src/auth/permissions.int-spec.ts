import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '#libs/db/entities/client.entity';
import { ROLES, type User } from '#libs/db/entities/user.entity';
import { createApiKey } from '#libs/testing/factories/api-key.factory';
import { createContact } from '#libs/testing/factories/contact.factory';
import { createDrill } from '#libs/testing/factories/drill.factory';
import { createProbe } from '#libs/testing/factories/probe.factory';
import { createAdmin, createClient, createUser } from '#libs/testing/factories/user.factory';
import { TestApi, type Answer } from '../api.fixture.ts';
import { expectToKnowEveryRoute, GUARDED_ROUTES, type Row } from './routes.fixture.ts';

// The matrix as it was decided, written down apart from the table in the code.
const WHO = ['anonymous', 'viewer', 'user', 'admin', 'platform admin'] as const;
type Who = (typeof WHO)[number];
type Cell = 'yes' | '401' | 'no' | 'own' | 'client' | 'all';
const MATRIX: Record<Row, readonly [Cell, Cell, Cell, Cell, Cell]> = {
  everybody: ['yes', 'yes', 'yes', 'yes', 'yes'],
  self: ['401', 'own', 'own', 'own', 'own'],
  'self or admin': ['401', 'own', 'own', 'client', 'all'],
  admin: ['401', 'no', 'no', 'client', 'all'],
  'first or admin': ['401', 'no', 'no', 'client', 'all'],
  'platform admin': ['401', 'no', 'no', 'no', 'all'],
};

/** Whose record it is about; the own one last, because it may be deleted. */
const WHOSE = ['of another client', 'of the same client', 'own'] as const;
type Whose = (typeof WHOSE)[number];
type Expected = 'allowed' | 401 | 403 | 404;

function expected(cell: Cell, who: Who, whose: Whose): Expected {
  if (cell === '401') return 401;
  if (cell === 'no') return 403;
  if (cell === 'yes' || cell === 'all' || whose === 'own') return 'allowed';
  // For a platform admin everything is within reach.
  if (whose === 'of another client' && who !== 'platform admin') return 404;
  return cell === 'client' ? 'allowed' : 403;
}

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
  await createCallers();
});
afterAll(() => api.stop());

interface Target {
  user: User;
  contactId: number;
  probeId: number;
  drillId: number;
  keyId: string;
}
interface Caller {
  who: Who;
  token?: string;
  targets: Record<Whose, Target>;
}
let callers: Caller[];
let client: Client;

/** Everybody who asks, and whom they ask about, anew. */
async function createCallers(): Promise<void> {
  await api.clear();
  client = await createClient(api.em());
  const accounts: Record<Who, User> = {
    anonymous: await createUser(api.em()),
    viewer: await createUser(api.em(), { roleId: ROLES.viewer }),
    user: await createUser(api.em()),
    admin: await createUser(api.em(), { roleId: ROLES.admin }),
    'platform admin': await createAdmin(api.em()),
  };
  callers = [];
  for (const who of WHO) {
    callers.push({
      who,
      ...(who !== 'anonymous' && { token: await api.login(accounts[who]) }),
      targets: {
        'of another client': await targetOf(await createUser(api.em(), { clientId: client.id })),
        'of the same client': await targetOf(await createUser(api.em())),
        own: await targetOf(accounts[who]),
      },
    });
  }
}

const targetOf = async (user: User): Promise<Target> => ({
  user,
  contactId: (await createContact(api.em(), user.id)).id,
  probeId: (await createProbe(api.em(), user.id, 'good')).id,
  drillId: (await createDrill(api.em(), user.id, api.clock.now())).id,
  keyId: (await createApiKey(api.em(), user.id)).id,
});

function urlOf(
  path: string,
  whose: Whose,
  { user, contactId, probeId, drillId, keyId }: Target,
  uid: number | string,
): string {
  const clientId = whose === 'of another client' ? client.id : user.clientId;
  const ids = { clients: clientId, contacts: contactId, drills: drillId, probes: probeId };
  const noun = path.split('/').findLast((part) => part in ids) as keyof typeof ids | undefined;
  const id = noun ? ids[noun] : probeId;
  return path.replace('{uid}', String(uid)).replace('{id}', String(id)).replace('{key}', keyId);
}

const REFUSALS: Record<string, Expected> = {
  unauthenticated: 401,
  token_invalid: 401,
  forbidden: 403,
  not_found: 404,
};

function outcomeOf({ status, body, text }: Answer): Expected {
  if (status >= 500) throw new Error(text);
  const refusal = REFUSALS[body.error_codes?.[0] ?? ''];
  if (refusal !== undefined) expect(status).toBe(refusal);
  return refusal ?? 'allowed';
}

it('is walked for every route there is', () => expectToKnowEveryRoute(api));

describe.each(Object.entries(GUARDED_ROUTES))('%s', (route, { row, body }) => {
  const [method, path] = route.split(' ') as [string, string];
  const whose: readonly Whose[] = path.includes('{') ? WHOSE : ['own'];

  it('is for whom it is meant', async () => {
    const [answers, expectations]: [unknown[], unknown[]] = [[], []];
    for (const { who, token, targets } of callers) {
      const cell = MATRIX[row][WHO.indexOf(who)]!;
      for (const each of whose) {
        const target = targets[each];
        // A deletion is one that nobody can repeat by the other id.
        const uids =
          method === 'DELETE' || !path.includes('{uid}')
            ? [target.user.uuid]
            : [target.user.id, target.user.uuid];
        for (const uid of uids) {
          const answer = await api.call(method, urlOf(path, each, target, uid), {
            ...(token !== undefined && { token }),
            ...(body && { body: body() }),
          });
          answers.push([who, each, outcomeOf(answer)]);
          expectations.push([who, each, expected(cell, who, each)]);
        }
      }
    }
    // Nobody is left to ask about.
    if (method === 'DELETE') await createCallers();
    expect(answers).toEqual(expectations);
  });
});
