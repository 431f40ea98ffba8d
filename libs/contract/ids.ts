import { z } from 'zod';

const message = 'Invalid id syntax';
const maxId = 2_147_483_647; // PostgreSQL's integer
const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const toId = (text: string): number | undefined => {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return id >= 1 && id <= maxId ? id : undefined;
};

const idOrUuid = (description: string) =>
  z
    .string(message)
    .transform((text, context): { id: number } | { uuid: string } => {
      const id = toId(text);
      if (id !== undefined) return { id };
      if (uuidForm.test(text)) return { uuid: text.toLowerCase() };
      context.addIssue(message);
      return z.NEVER;
    })
    .meta({ description, examples: ['1'] });

/** A user in a path: digits are the integer id, a UUID is the UUID (in lower case). */
export const Uid = idOrUuid('The integer id or the UUID of a user.');
export type Uid = z.output<typeof Uid>;

/** A client, named the same way. */
export const ClientRef = idOrUuid('The integer id or the UUID of a client.');
export type ClientRef = z.output<typeof ClientRef>;

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
