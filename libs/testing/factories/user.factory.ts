import type { EntityManager } from '@mikro-orm/postgresql';
import { DEFAULT_CLIENT_ID, Client } from '#libs/db/entities/client.entity';
import { ProbeSettings } from '#libs/db/entities/probe-settings.entity';
import { ROLES, User } from '#libs/db/entities/user.entity';
import { hashPassword } from '#libs/security/password';
import { nextNumber } from './sequence.ts';

/** The password of every account that `createUser` makes. */
export const TEST_PASSWORD = 'very-secure';
let passwordHash: Promise<string> | undefined;

/** What can be chosen about an account; the rest is made up and unique. */
export type UserChoices = Partial<
  Pick<
    User,
    | 'clientId'
    | 'email'
    | 'firstName'
    | 'lastName'
    | 'phoneNumber'
    | 'roleId'
    | 'isPlatformAdmin'
    | 'enabled'
    | 'mustChangePassword'
  >
>;

/** Stores an account with a phone number and default settings; a plain user of the default client unless chosen otherwise. */
export async function createUser(em: EntityManager, choices: UserChoices = {}): Promise<User> {
  const number = nextNumber();
  const user = em.create(User, {
    clientId: DEFAULT_CLIENT_ID,
    email: `user${number}@example.com`,
    firstName: `first${number}`,
    lastName: `last${number}`,
    phoneNumber: `+1555${String(number).padStart(7, '0')}`,
    roleId: ROLES.user,
    ...choices,
    passwordHash: await (passwordHash ??= hashPassword(TEST_PASSWORD)),
  });
  await em.flush();
  em.create(ProbeSettings, { userId: user.id });
  await em.flush();
  return user;
}

/** Stores an administrator of the platform and the default client, as the first account is. */
export const createAdmin = (em: EntityManager, choices: UserChoices = {}): Promise<User> =>
  createUser(em, { roleId: ROLES.admin, isPlatformAdmin: true, ...choices });

/** Stores another client. */
export async function createClient(em: EntityManager): Promise<Client> {
  const client = em.create(Client, { name: `client${nextNumber()}`, settings: {}, createdAt: new Date() });
  await em.flush();
  return client;
}
