import { describe, expect, it } from '@jest/globals';
import { creationFault, rightsFault, type Administrator } from './accounts.ts';

const admin: Administrator = { id: 2, clientId: 1, isPlatformAdmin: false };
const platformAdmin: Administrator = { id: 1, clientId: 1, isPlatformAdmin: true };
const ROLES = ['admin', 'user', 'viewer', undefined] as const;
const CLIENTS = [1, 2, undefined] as const;

describe('who may create what', () => {
  const cells = ROLES.flatMap((role) => CLIENTS.map((clientId) => ({ role, clientId })));

  it.each(cells)('%j: the platform admin everything', (wish) =>
    expect(creationFault(platformAdmin, wish)).toBeNull(),
  );

  it.each(cells)('%j: an admin users and viewers of their own client', (wish) => {
    const isAllowed = wish.role !== 'admin' && wish.clientId !== 2;
    expect(creationFault(admin, wish)?.code ?? null).toBe(isAllowed ? null : 'forbidden');
  });

  it.each(cells)('%j: nobody the first account, with nothing to choose', (wish) => {
    const isAllowed = wish.role === undefined && wish.clientId === undefined;
    expect(creationFault(null, wish)?.code ?? null).toBe(isAllowed ? null : 'validation');
  });
});

describe('who may change whose rights', () => {
  const changes = ROLES.flatMap((role) =>
    [true, false, undefined].flatMap((enabled) =>
      [0, null, undefined].map((level) => ({ role, enabled, level })),
    ),
  );
  const code = (...args: Parameters<typeof rightsFault>) => rightsFault(...args)?.code ?? null;
  const user = { id: 3, role: 'user', isPlatformAdmin: false } as const;

  it.each(changes)('%j: admins everything of others', (change) => {
    expect(code(admin, user, change)).toBeNull();
    expect(code(platformAdmin, user, change)).toBeNull();
  });

  it.each(changes)('%j: nobody else anything of the platform admin', (change) =>
    expect(code(admin, { id: 1, role: 'admin', isPlatformAdmin: true }, change)).toBe('forbidden'),
  );

  it.each(changes)('%j: nobody loses their own role or access', (change) => {
    const isLoss = change.enabled === false || (change.role !== undefined && change.role !== 'admin');
    for (const actor of [admin, platformAdmin]) {
      const self = { id: actor.id, role: 'admin', isPlatformAdmin: actor.isPlatformAdmin } as const;
      expect(code(actor, self, change)).toBe(isLoss ? 'conflict' : null);
    }
  });
});
