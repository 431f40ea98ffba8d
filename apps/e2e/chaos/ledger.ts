import type { PhoneMessage } from '#libs/testing/phone';
import { spreadOf, type Spread } from '../bench/figures.ts';

/** How somebody answers. `unclear`: something that means nothing first, then yes. */
export type Temper = 'yes' | 'no' | 'unclear' | 'silent';

/** A watched person of a herd, with the one contact who may be alerted. */
export interface Member {
  id: number;
  phone: string;
  contactPhone: string;
  temper: Temper;
}

/** What a text says, read as its receiver reads it. */
type Kind =
  | 'checkIn'
  | 'followUp'
  | 'goodReply'
  | 'badReply'
  | 'alert'
  | 'reachedOut'
  | 'acknowledged'
  | 'thanks'
  | 'apology'
  | 'other';

const KINDS: [Kind, RegExp][] = [
  ['checkIn', /friendly check-in\. Are you okay/],
  ['followUp', /^You good \?\?/],
  ['goodReply', /^👍$/u],
  ['badReply', /^Hang in there!/],
  ['alert', /emergency contact: .*Reply 1/],
  ['reachedOut', /^Reached out to/],
  ['acknowledged', /got the message and is on it\./],
  ['thanks', /^Thank you! I'm telling/],
  ['apology', /^Sorry, an application error/],
];

/** What a phone with this text has been sent. */
export const kindOf = (body: string): Kind => KINDS.find(([, pattern]) => pattern.test(body))?.[0] ?? 'other';

/** What the phones of a herd saw, counted from the provider's own log. */
export interface Count {
  due: number;
  asked: number;
  alarmsDue: number;
  alarmed: number;
  /** Texts that had to come and did not. */
  lost: number;
  /** Texts that may come once and came more often. */
  doubled: number;
  /** Texts that nobody should have got. */
  unexpected: number;
  /** Follow-ups: allowed, and rare where everybody answers. */
  nudges: number;
  /** From the tick until the provider took the check-in, in milliseconds. */
  lateMs: Spread;
  /** What is wrong, without a number or a text of anybody. */
  faults: string[];
}

interface Bounds {
  least: number;
  most: number;
}

/** Follow-ups that a person may get: the default of the settings, and the one after downtime. */
const MOST_NUDGES = 4;

/**
 * Compares what came with what had to come. Whatever is not listed here must not come at all. Replies to a person's own
 * text may be missing, because nobody waits for them any more when the connection broke; never twice for one text.
 */
function boundsOf(temper: Temper, answers: number, contactAnswers: number): Partial<Record<Kind, Bounds>> {
  const once = { least: 1, most: 1 };
  const asked = {
    checkIn: once,
    followUp: { least: 0, most: MOST_NUDGES },
    // While the record is away; the text is read back later.
    apology: { least: 0, most: answers + contactAnswers },
  };
  if (temper === 'yes' || temper === 'unclear') return { ...asked, goodReply: { least: 0, most: answers } };
  return {
    ...asked,
    ...(temper === 'no' ? { badReply: { least: 0, most: answers } } : {}),
    alert: once,
    // Nobody needs to hear of a contact who was asked when they hear of one who is on it.
    reachedOut: { least: 0, most: 1 },
    acknowledged: once,
    thanks: { least: 0, most: contactAnswers },
  };
}

/** Counts the texts of a herd that was due at `dueAt` (epoch milliseconds). */
export function count(texts: readonly PhoneMessage[], members: readonly Member[], dueAt: number): Count {
  const received = Map.groupBy(
    texts.filter(({ direction }) => direction !== 'inbound'),
    ({ to }) => to,
  );
  const sent = Map.groupBy(
    texts.filter(({ direction }) => direction === 'inbound'),
    ({ from }) => from,
  );
  const result: Count = {
    due: members.length,
    asked: 0,
    alarmsDue: 0,
    alarmed: 0,
    lost: 0,
    doubled: 0,
    unexpected: 0,
    nudges: 0,
    lateMs: spreadOf([]),
    faults: [],
  };
  const lateMs: number[] = [];
  for (const { id, phone, contactPhone, temper } of members) {
    const mine = [...(received.get(phone) ?? []), ...(received.get(contactPhone) ?? [])];
    const byKind = Map.groupBy(mine, ({ body }) => kindOf(body));
    const bounds = boundsOf(temper, sent.get(phone)?.length ?? 0, sent.get(contactPhone)?.length ?? 0);
    for (const kind of new Set([...byKind.keys(), ...(Object.keys(bounds) as Kind[])])) {
      const came = byKind.get(kind)?.length ?? 0;
      const { least, most } = bounds[kind] ?? { least: 0, most: 0 };
      if (came >= least && came <= most) continue;
      if (came < least) result.lost += least - came;
      else if (most === 0) result.unexpected += came;
      else result.doubled += came - most;
      result.faults.push(
        `person ${id} (${temper}): ${kind} came ${came} times instead of ${least} to ${most}`,
      );
    }
    const first = byKind.get('checkIn')?.[0];
    if (first) {
      const ms = Date.parse(first.createdAt) - dueAt;
      lateMs.push(ms);
      if (ms < 0) result.faults.push(`person ${id}: asked ${-ms} ms before the tick`);
      result.asked += 1;
    }
    if (bounds.alert) result.alarmsDue += 1;
    if (byKind.has('alert')) result.alarmed += 1;
    result.nudges += byKind.get('followUp')?.length ?? 0;
  }
  result.lateMs = spreadOf(lateMs);
  return result;
}
