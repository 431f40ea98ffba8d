import { defineEntity, p, type Opt } from '@mikro-orm/core';
import type { ConsentAnswer, Refusal } from '#libs/domain/consent';
import { Message } from './message.entity.ts';
import { User } from './user.entity.ts';

const ConsentSchema = defineEntity({
  name: 'Consent',
  tableName: 'consents',
  properties: {
    userId: () => p.manyToOne(User).mapToPk().primary().joinColumn('user_id'),
    phoneNumber: p.string().primary(),
    messageId: () => p.oneToOne(Message).mapToPk().owner().joinColumn('message_id').nullable(),
    answer: p.string().$type<ConsentAnswer>().nullable(),
    refusal: p.string().$type<Refusal>().nullable(),
    answeredAt: p.datetime().nullable(),
    unreachableAt: p.datetime().nullable(),
    createdAt: p.datetime().onCreate(() => new Date()),
  },
});

/**
 * Whether the person at a phone number agreed to be an emergency contact of a user. It outlives the contact's row, so
 * nobody is told twice and a refusal stays one. `messageId` is the text that tells them, null for those who were
 * contacts before there was one; `unreachableAt` says since when we know that texts cannot reach that number.
 */
export class Consent extends ConsentSchema.class {
  get isRefused(): Opt<boolean> {
    return this.answer === 'refused';
  }

  /** They never want to be texted again. */
  refuse(refusal: Refusal, now: Date): void {
    this.answer = 'refused';
    this.refusal = refusal;
    this.answeredAt = now;
  }

  /** They are willing; also takes back an earlier refusal. Whoever says so can be reached. */
  accept(now: Date): void {
    this.answer = 'accepted';
    this.refusal = null;
    this.answeredAt = now;
    this.unreachableAt = null;
  }

  /** Forgets the answer: the question is open again. */
  reopen(): void {
    this.answer = null;
    this.refusal = null;
    this.answeredAt = null;
  }
}
ConsentSchema.setClass(Consent);
