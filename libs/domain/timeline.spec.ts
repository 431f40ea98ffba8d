import { describe, expect, it } from '@jest/globals';
import { timelineOf, type CheckRecord, type ReceivedRecord, type SentRecord } from './timeline.ts';

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, second));
const check = (over: Partial<CheckRecord> = {}): CheckRecord => ({
  status: 'pending',
  reason: null,
  maxRetries: 1,
  createdAt: at(0),
  decidedAt: null,
  switchedOffAt: null,
  allClearAt: null,
  escalationEndedAt: null,
  ...over,
});
const message = (kind: string, second: number, over: Partial<SentRecord> = {}): SentRecord => ({
  kind,
  status: 'accepted',
  queuedAt: at(second),
  acceptedAt: at(second + 1),
  sentAt: null,
  deliveredAt: null,
  failedAt: null,
  ...over,
});
const text = (second: number, effect: string | null): ReceivedRecord => ({
  receivedAt: at(second),
  handledAt: at(second),
  effect,
});
const told = (record: Partial<Parameters<typeof timelineOf>[0]>) =>
  timelineOf({ check: check(), messages: [], texts: [], acknowledgements: [], ...record }).map(
    (moment) => `${moment.at.getUTCSeconds()} ${moment.event}`,
  );

describe('the timeline of a check', () => {
  it('begins when it is opened', () => {
    expect(told({})).toEqual(['0 opened']);
  });

  it('tells a whole incident in order, causes before what follows from them at the same moment', () => {
    const story = told({
      check: check({
        status: 'unavailable',
        reason: 'no_reply',
        decidedAt: at(30),
        switchedOffAt: at(30),
        allClearAt: at(50),
        escalationEndedAt: at(52),
      }),
      messages: [
        message('check_in', 0, { status: 'delivered', sentAt: at(2), deliveredAt: at(3) }),
        message('follow_up', 10),
        message('follow_up', 20),
        message('follow_up', 29, { status: 'canceled', acceptedAt: null, failedAt: at(30) }),
        message('alert', 31),
        message('reached_out', 33, { status: 'failed', acceptedAt: null, failedAt: at(34) }),
        message('all_clear', 51),
      ],
      texts: [text(5, 'kept'), text(40, 'acknowledged'), text(50, 'all_clear')],
      acknowledgements: [{ contactId: 7, acknowledgedAt: at(40) }],
    });
    expect(story).toEqual([
      '0 opened',
      '0 asked',
      '1 message_accepted',
      '2 message_sent',
      '3 message_delivered',
      '5 text_received',
      '5 reply_kept',
      '10 followed_up',
      '11 message_accepted',
      '20 asked_again',
      '21 message_accepted',
      '29 asked_again',
      '30 settled',
      '30 switched_off',
      '30 message_canceled',
      '30 escalation_raised',
      '31 contact_asked',
      '32 message_accepted',
      '33 message_queued',
      '34 message_failed',
      '40 text_received',
      '40 acknowledged',
      '50 text_received',
      '50 all_clear',
      '51 message_queued',
      '52 message_accepted',
      '52 escalation_ended',
    ]);
  });

  it('tells a check whose place another one took', () => {
    const superseded = check({ status: 'cancelled', reason: 'superseded', decidedAt: at(9) });
    expect(told({ check: superseded })).toEqual(['0 opened', '9 superseded']);
  });

  it('raises no escalation for a good end', () => {
    const good = check({ status: 'good', reason: 'replied', decidedAt: at(9) });
    expect(told({ check: good, texts: [text(9, 'settled')] })).toEqual([
      '0 opened',
      '9 text_received',
      '9 settled',
    ]);
  });

  it('carries what each moment is about', () => {
    const asked = message('check_in', 1);
    const [, first] = timelineOf({ check: check(), messages: [asked], texts: [], acknowledgements: [] });
    expect(first).toEqual({ at: at(1), event: 'asked', message: asked });
  });
});
