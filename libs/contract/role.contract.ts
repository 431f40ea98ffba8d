import { z } from 'zod';
import { MAX_LEVEL } from '#libs/domain/accounts';
import { body, flagField, overFields, versionField, wholeNumberField } from './fields.ts';

const ROLES = ['admin', 'user', 'viewer'] as const;

/** The role of an account; others are named in the refusal. */
export const roleField = () => z.enum(ROLES, `role must be one of ${ROLES.join(', ')}`);

const CHANGES = ['role', 'level', 'enabled'];

/** A change of what an account may do; at least one field besides the version. */
export const ChangeRights = body({
  role: roleField().optional(),
  level: wholeNumberField('level', 0, MAX_LEVEL).nullable().optional().meta({
    description: 'How far the account reaches in rooms; null is what the role gives.',
  }),
  enabled: flagField('enabled').optional(),
  version: versionField().optional(),
})
  .check(overFields((fields) => CHANGES.some((name) => fields[name] !== undefined), 'valid fields required'))
  .meta({
    id: 'ChangeRights',
    description: 'A change of what an account may do; at least one of role, level and enabled.',
    examples: [{ role: 'viewer' }, { enabled: false, version: 3 }],
  });
export type ChangeRights = z.output<typeof ChangeRights>;
