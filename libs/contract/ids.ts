import { z } from 'zod';

const message = 'Invalid id syntax';
const maxId = 2_147_483_647; // PostgreSQL's integer
const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const toId = (text: string): number | undefined => {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return id >= 1 && id <= maxId ? id : undefined;
};

/** A user in a path: digits are the integer id, a UUID is the UUID (in lower case). */
export const Uid = z
  .string(message)
  .transform((text, context): { id: number } | { uuid: string } => {
    const id = toId(text);
    if (id !== undefined) return { id };
    if (uuidForm.test(text)) return { uuid: text.toLowerCase() };
    context.addIssue(message);
    return z.NEVER;
  })
  .meta({ description: 'The integer id or the UUID of a user.', examples: ['1'] });
export type Uid = z.output<typeof Uid>;

/** An integer id in a path. */
export const IntId = z
  .string(message)
  .transform((text, context): number => {
    const id = toId(text);
    if (id !== undefined) return id;
    context.addIssue(message);
    return z.NEVER;
  })
  .meta({ description: 'An integer id.', examples: ['1'] });
export type IntId = z.output<typeof IntId>;
