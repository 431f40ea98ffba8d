import { z } from 'zod';
import { PART_STATES } from '#libs/domain/health';
import { timeField } from './fields.ts';

/** What a process that lives answers. */
export const Alive = z
  .strictObject({
    version: z.string(),
    commit: z
      .string()
      .meta({ description: 'The commit that it was built from; `undefined` when that is not known.' }),
  })
  .meta({ id: 'Alive', description: 'The process lives.' });
export type Alive = z.output<typeof Alive>;

const partFields = {
  state: z
    .enum(PART_STATES)
    .meta({ description: '`unknown`: it was not looked at yet. `off`: it is not in use here.' }),
  since: timeField().nullable().meta({ description: 'Since when it is so, as far as this process knows.' }),
  last_ok_at: timeField().nullable().meta({ description: 'When it was last as it must be.' }),
  reason: z.string().nullable().meta({ description: 'What is wrong; holds no address and no secret.' }),
};

/** One part that Kronus works with. */
export const PartView = z
  .strictObject(partFields)
  .meta({ id: 'HealthPart', description: 'One part that Kronus works with.' });
export type PartView = z.output<typeof PartView>;

const BackupsView = z
  .strictObject({
    ...partFields,
    last_proven_at: timeField()
      .nullable()
      .meta({ description: 'When a backup was last restored on trial and compared.' }),
  })
  .meta({ id: 'HealthOfBackups', description: 'The backups.' });

/** How Kronus and everything that it works with are. */
export const HealthView = z
  .strictObject({
    ...Alive.shape,
    status: z.enum(['ok', 'degraded']).meta({
      description: '`degraded`: something is away that Kronus survives; texts are still stored.',
    }),
    parts: z.strictObject({
      postgres: PartView,
      temporal: PartView,
      provider: PartView,
      backups: BackupsView,
      redis: PartView,
    }),
  })
  .meta({ id: 'Health', description: 'How Kronus and everything that it works with are.' });
export type HealthView = z.output<typeof HealthView>;
