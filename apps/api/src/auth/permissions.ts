import type { RoleName } from '#libs/db/entities/user.entity';

/**
 * How far somebody may go: `all` clients, their own `client`, their `own` record, `first` while there is no account at
 * all, or `none`. What lies in another client does not exist (404); what lies in one's own and is not allowed is
 * forbidden (403); nobody known is 401.
 */
export type Scope = 'all' | 'client' | 'own' | 'first' | 'none';

/** Who asks. */
export type Who = 'anonymous' | RoleName | 'platformAdmin';

const row = (
  anonymous: Scope,
  viewer: Scope,
  user: Scope,
  admin: Scope,
  platformAdmin: Scope,
): Readonly<Record<Who, Scope>> => ({ anonymous, viewer, user, admin, platformAdmin });

/** Who may do what: every route names its row with `Allow`. */
export const PERMISSIONS = {
  //                 anonymous  viewer  user    admin     platform admin
  /** Logging in, keys, health, metrics; webhooks are signed. */
  public: /*      */ row('all', 'all', 'all', 'all', 'all'),
  /** Changing a password: by a token, or by the account's address and password in the body. */
  password: /*    */ row('own', 'own', 'own', 'own', 'own'),
  /** What is about oneself and names nobody. */
  account: /*     */ row('none', 'own', 'own', 'own', 'own'),
  /** Changing an account; contacts, settings and checks of a person: not even admins touch those of others. */
  own: /*         */ row('none', 'own', 'own', 'own', 'own'),
  /** Reading and deleting an account; reading a person's probes, drills and texts. */
  ownOrAdmin: /*  */ row('none', 'own', 'own', 'client', 'all'),
  /** Lists and statistics over people; rights of accounts; the client's settings; creating users in bulk. */
  admin: /*       */ row('none', 'none', 'none', 'client', 'all'),
  /** Creating an account; the very first one by anybody. */
  firstOrAdmin: /**/ row('first', 'none', 'none', 'client', 'all'),
  /** The clients themselves; backups. */
  platform: /*    */ row('none', 'none', 'none', 'none', 'all'),
} as const satisfies Record<string, Readonly<Record<Who, Scope>>>;

/** A row of the table. */
export type Access = keyof typeof PERMISSIONS;

/** How far a caller may go; null is nobody known. */
export const scopeOf = (access: Access, me: { role: RoleName; isPlatformAdmin: boolean } | null): Scope =>
  PERMISSIONS[access][!me ? 'anonymous' : me.isPlatformAdmin ? 'platformAdmin' : me.role];
