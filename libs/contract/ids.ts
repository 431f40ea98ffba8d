import { z } from 'zod';

const message = 'Invalid id syntax';
const maxId = 2_147_483_647; // PostgreSQL's integer
// Both cases are written out, because a pattern in OpenAPI has no flags.
const uuidForm = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

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

/** A UUID in a path, in lower case. */
export const UuidId = z
  .string(message)
  .regex(uuidForm, message)
  .toLowerCase()
  .meta({ description: 'A UUID.', examples: ['7b0e3f0c-6d4c-4f0e-9a35-1d2f3a4b5c6d'] });
export type UuidId = z.output<typeof UuidId>;
