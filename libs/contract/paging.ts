import { z } from 'zod';
import { query } from './fields.ts';

const maxPage = 1_000_000_000;
const maxLimit = 100;
const limitMessage = `limit must be a whole number from 1 to ${maxLimit}`;

/** The fields that every list takes: a page that is absent, 0 or garbage is the first, as in the original. */
export const pageFields = {
  page: z.coerce
    .number()
    .int()
    .min(1)
    .max(maxPage)
    .catch(1)
    .default(1)
    .meta({ description: 'Page, from 1.' }),
  limit: z.coerce
    .number(limitMessage)
    .int(limitMessage)
    .min(1, limitMessage)
    .max(maxLimit, limitMessage)
    .default(maxLimit)
    .meta({ description: 'Rows on a page.' }),
};

/** The filter of lists over clients, which a platform admin may choose from. */
export const clientFields = {
  client_id: z
    .string('client_id must be the integer id or the UUID of a client')
    .optional()
    .meta({ description: 'The client (integer id or UUID) that a platform admin means; without it, all.' }),
};

/** The query of a list without filters. */
export const PageQuery = query(pageFields).meta({ id: 'PageQuery', description: 'Which page of a list.' });
export type PageQuery = z.output<typeof PageQuery>;

/** Where a page stands in its list; there is always at least one page. */
export const Paging = z.object({ total: z.int(), page: z.int(), pages: z.int() }).meta({
  id: 'Paging',
  description: 'Where the page stands in its list.',
  examples: [{ total: 101, page: 2, pages: 2 }],
});
export type Paging = z.output<typeof Paging>;

/** Works out the paging of an answer from the number of all rows. */
export const pagingOf = (total: number, { page, limit }: PageQuery): Paging => ({
  total,
  page,
  pages: Math.max(1, Math.ceil(total / limit)),
});
