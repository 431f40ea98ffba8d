import { z } from 'zod';
import { PROBE_REASONS, PROBE_STATUSES } from '#libs/domain/probe';
import { TIMELINE_EVENTS } from '#libs/domain/timeline';
import { timeField } from './fields.ts';
import { MessageView } from './message.contract.ts';

/** A text that came in about a check. */
export const ReceivedTextView = z
  .object({
    from: z.enum(['person', 'contact']),
    contact_id: z.int().nullable(),
    sid: z.string(),
    effect: z.string().nullable().meta({
      description: 'What it did: settled, kept, all_clear, acknowledged, hinted, opted_out.',
    }),
    sent_at: timeField().nullable().meta({ description: 'Set when it was read back from Twilio later.' }),
    body: z.string().optional().meta({ description: 'Only shown to the person.' }),
    reply: z.string().nullable().optional().meta({ description: 'Only shown to the person.' }),
  })
  .meta({ id: 'ReceivedText', description: 'A text that came in about a check.' });
export type ReceivedTextView = z.output<typeof ReceivedTextView>;

/** One moment of a check. */
export const TimelineEntry = z
  .object({
    at: timeField(),
    event: z.enum(TIMELINE_EVENTS),
    status: z.enum(PROBE_STATUSES).optional().meta({ description: 'Of settled and superseded.' }),
    reason: z.enum(PROBE_REASONS).optional().meta({ description: 'Of settled and superseded.' }),
    contact_id: z.int().nullable().optional().meta({ description: 'Of acknowledged: by whom.' }),
    message: MessageView.optional().meta({
      description: 'Of everything about a text that was sent, as it is now.',
    }),
    text: ReceivedTextView.optional().meta({ description: 'Of text_received and reply_kept.' }),
  })
  .meta({ id: 'TimelineEntry', description: 'One moment of a check.' });
export type TimelineEntry = z.output<typeof TimelineEntry>;
