import { z } from 'zod';
import { Paging } from './paging.ts';

const requestId = z.string().meta({ description: 'Also in the X-Request-Id header and on the log lines.' });

/** The answer to a request that failed. */
export const Failure = z
  .object({
    success: z.literal(false),
    errors: z.array(z.string()).min(1).meta({ description: 'One sentence for each thing that is wrong.' }),
    error_codes: z.array(z.string()).optional().meta({ description: 'The same for programs.' }),
    request_id: requestId,
  })
  .meta({
    id: 'Failure',
    description: 'The answer to a request that failed.',
    examples: [
      {
        success: false,
        errors: ['phone_number must be in E.164 form, like +12345678900'],
        error_codes: ['validation'],
        request_id: '0b0c5b1e-5d0f-4b5e-9d5a-0d6f3c1b2a49',
      },
    ],
  });
export type Failure = z.output<typeof Failure>;

/** The answer to a request that went well; lists carry `paging`, deletions no `data`. */
export interface Success<Data> {
  success: true;
  data?: Data;
  paging?: Paging;
  request_id: string;
}

/** Every answer in JSON is one of the two. */
export type Envelope<Data> = Success<Data> | Failure;

/** The schema of an answer that holds one object. */
export const successOf = <Data extends z.ZodType>(data: Data) =>
  z.object({ success: z.literal(true), data, request_id: requestId });

/** The schema of an answer that holds a page of a list. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ success: z.literal(true), data: z.array(item), paging: Paging, request_id: requestId });

/** The schema of an answer that holds nothing else. */
export const Done = z
  .object({ success: z.literal(true), request_id: requestId })
  .meta({ id: 'Done', description: 'It was done; there is nothing to show.' });
