import { defineEntity, p, type Opt } from '@mikro-orm/core';
import { Client } from './client.entity.ts';

/** Account roles by name, with the id that the API shows. */
export const ROLES = { admin: 1, user: 2, viewer: 3 } as const;
export type RoleName = keyof typeof ROLES;

const UserSchema = defineEntity({
  name: 'User',
  tableName: 'users',
  properties: {
    id: p.integer().primary(),
    uuid: p.uuid().onCreate(() => crypto.randomUUID()),
    clientId: () => p.manyToOne(Client).mapToPk().joinColumn('client_id'),
    email: p.string(),
    passwordHash: p.string().nullable().hidden(),
    mustChangePassword: p.boolean().default(false),
    firstName: p.string().nullable(),
    lastName: p.string().nullable(),
    phoneNumber: p.string().nullable(),
    roleId: p.integer(),
    level: p.integer().nullable(),
    isPlatformAdmin: p.boolean().default(false),
    enabled: p.boolean().default(true),
    tokenVersion: p.integer().default(1),
    version: p.integer().version(),
    createdAt: p.datetime().onCreate(() => new Date()),
    updatedAt: p
      .datetime()
      .onCreate(() => new Date())
      .onUpdate(() => new Date()),
  },
});

/** An account, and with a phone number a person who can be watched. */
export class User extends UserSchema.class {
  get role(): Opt<RoleName> {
    const role = (Object.keys(ROLES) as RoleName[]).find((name) => ROLES[name] === this.roleId);
    if (!role) throw new Error(`user ${this.id} has an unknown role`);
    return role;
  }

  get isAdmin(): Opt<boolean> {
    return this.roleId === ROLES.admin;
  }
}
UserSchema.setClass(User);
