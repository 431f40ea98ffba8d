import type { EntityManager } from '@mikro-orm/postgresql';
import {
  addresseeOf,
  readAnswerWord,
  type Addressee,
  type AnswerWord,
  type ConsentAnswer,
  type PhoneSituation,
  type Refusal,
} from '#libs/domain/consent';
import { isAlarm, type ProbeStatus } from '#libs/domain/probe';
import { isConsent } from '#libs/domain/replies';
import { texts } from '#libs/domain/texts';
import { User } from '../entities/user.entity.ts';
import { acceptConsent, optIn, refuseConsent, type Relation } from './consent.ts';
import { CLOCK_SKEW_MS, NO_ANSWER, type Answer, type ReplyContext } from './person-replies.ts';
import type { OwedSignal } from './wakeups.ts';

// Times of raw rows arrive as text.
interface AskedRow {
  /** What the phone was asked; `contact` stands for a relation of which it never was. */
  what: 'consent' | 'alert' | 'drill' | 'check' | 'own drill' | 'contact';
  user_id: number;
  status: ProbeStatus | null;
  is_all_clear: boolean | null;
  answer: ConsentAnswer | null;
  refusal: Refusal | null;
  answered_at: string | null;
}

// All that a phone was asked until a moment, by whomever, the latest first.
const ASKED = `
  with args as (select ?::text as phone, ?::timestamptz as until), asked as (
    select 'consent' as what, k.user_id, coalesce(m.accepted_at, m.sending_at) as at, null as status, null::boolean as is_all_clear
    from args join consents k on k.phone_number = args.phone join messages m on m.id = k.message_id
    where m.sending_at is not null
    union all
    select 'alert', p.user_id, max(coalesce(m.accepted_at, e.created_at)), null, null
    from args join contacts c on c.phone_number = args.phone join emergency_probes e on e.contact_id = c.id
    join probes p on p.id = e.probe_id join messages m on m.id = e.message_id group by p.user_id
    union all
    select 'drill', d.user_id, max(coalesce(m.accepted_at, a.created_at)), null, null
    from args join contacts c on c.phone_number = args.phone join drill_answers a on a.contact_id = c.id
    join drills d on d.id = a.drill_id join messages m on m.id = a.message_id group by d.user_id
    union all
    select 'own drill', d.user_id, max(d.started_at), null, null
    from args join users u on u.phone_number = args.phone and u.enabled join drills d on d.user_id = u.id
    where d.started_at <= args.until group by d.user_id
    union all
    (select 'check', p.user_id, coalesce(p.last_asked_at, p.created_at), p.status, p.all_clear_at is not null
     from args join users u on u.phone_number = args.phone and u.enabled join probes p on p.user_id = u.id
     where p.created_at <= args.until order by p.id desc limit 1)
    union all
    select 'contact', c.user_id, null, null, null from args join contacts c on c.phone_number = args.phone
  )
  select a.what, a.user_id, a.status, a.is_all_clear, k.answer, k.refusal, k.answered_at
  from args cross join asked a
  left join consents k on a.what not in ('check', 'own drill') and k.user_id = a.user_id and k.phone_number = args.phone
  where a.at is null or a.at <= args.until
  order by a.at desc nulls last, a.user_id desc`;

/** A text and what is known of its sender. */
export interface ReceivedText {
  from: string;
  body: string;
  isPerson: boolean;
  hasOpenAlert: boolean;
}

/** Whom a text is for; `asked` holds what the phone was asked, as far as that had to be looked up. */
export interface Addressed {
  addressee: Addressee;
  word: AnswerWord;
  asked: AskedRow[];
}

/** Finds out whom a text is for: the person of the phone, an alert to it, or the question of its consent. */
export async function findAddressee(
  em: EntityManager,
  text: ReceivedText,
  { now, sentAt }: ReplyContext,
): Promise<Addressed> {
  const word = readAnswerWord(text.body);
  // A text cannot be about what was asked after it was sent.
  const until = new Date((sentAt ?? now).getTime() + CLOCK_SKEW_MS);
  const asked = word === 'other' ? [] : await em.execute<AskedRow[]>(ASKED, [text.from, until]);
  return { addressee: addresseeOf(word, situationOf(text, asked)), word, asked };
}

function situationOf({ isPerson, hasOpenAlert }: ReceivedText, asked: AskedRow[]): PhoneSituation {
  const [latest] = asked;
  const check = asked.find((each) => each.what === 'check');
  const isAlarmed = check?.status && isAlarm(check.status) && !check.is_all_clear;
  return {
    isPerson,
    check: check?.status === 'pending' ? 'pending' : isAlarmed ? 'alarm' : 'none',
    isContact: asked.some(isOfContact),
    hasOpenAlert,
    latestConsent: latest?.what === 'consent' ? (latest.answer ?? 'none') : null,
  };
}

/**
 * Applies a text about being a contact inside the caller's transaction. It concerns the person whose question was the
 * latest; a refusal passes over those who were refused already, "accept" takes the latest refusal back.
 */
export async function applyConsentText(
  em: EntityManager,
  from: string,
  { addressee, word, asked }: Addressed,
  { wakeups, now, textId }: ReplyContext,
): Promise<Answer> {
  const concerned = asked.filter(isOfContact);
  const target = addressee === 'refusal' ? toRefuse(concerned) : toAccept(concerned, word);
  const relation: Relation = { userId: target.user_id, phoneNumber: from };
  const names = { person: (await em.findOneOrFail(User, target.user_id)).firstName ?? '' };
  if (addressee === 'refusal') {
    const refusal = { ...relation, refusal: 'declined', cause: `text/${textId}`, now } as const;
    const owed = await refuseConsent(em, wakeups, refusal);
    return { reply: texts.en.refusedReply(names), userId: relation.userId, owed };
  }
  const isAccepted = await acceptConsent(em, relation, now);
  return isAccepted ? { reply: texts.en.acceptedReply(names), userId: relation.userId, owed: [] } : NO_ANSWER;
}

/** False for what the phone's own person was asked. */
const isOfContact = ({ what }: AskedRow): boolean => what !== 'check' && what !== 'own drill';

const toRefuse = (concerned: AskedRow[]): AskedRow =>
  concerned.find((each) => each.answer !== 'refused') ?? concerned[0]!;

function toAccept(concerned: AskedRow[], word: AnswerWord): AskedRow {
  const declined = concerned.filter((each) => each.refusal === 'declined');
  const [latest] = declined.sort(
    (one, other) => Date.parse(other.answered_at!) - Date.parse(one.answered_at!),
  );
  return (word === 'accept' && latest) || concerned[0]!;
}

/**
 * A plain "yes" of a phone that had opted out lets the provider text it again. Nothing for any other text.
 * Source: Twilio, default opt-in keywords.
 */
export async function optInByYes(
  em: EntityManager,
  { from, body }: ReceivedText,
  { asked }: Addressed,
  { wakeups, now }: ReplyContext,
): Promise<OwedSignal[]> {
  const hasOptedOut = asked.some((each) => each.refusal === 'opted_out');
  if (!hasOptedOut || !isConsent(body)) return [];
  return optIn(em, wakeups, { phoneNumber: from, now });
}
