import type { ErrorClass } from '#libs/domain/delivery';

/** A text that is to be handed to the provider. */
export interface OutboundText {
  to: string;
  body: string;
  /** Where the provider reports the text's delivery. */
  statusCallback: string;
}

/** What to look for when it is not known whether a text went out. */
export interface SentText {
  to: string;
  body: string;
  /** When handing over was first tried, by our clock. */
  since: Date;
}

/** A text that somebody sent to us, as the provider keeps it. */
export interface ReceivedText {
  sid: string;
  from: string;
  body: string;
  /** By the provider's clock, in whole seconds. */
  sentAt: Date;
}

/** A text that the provider accepted. */
export interface TakenText {
  sid: string;
  /** By the provider's clock, in whole seconds. */
  takenAt: Date;
}

/**
 * Sends texts and looks up what was sent. Not idempotent: the provider has no key for that, so whoever sends must have
 * recorded the attempt first and must look before sending again.
 */
export interface Messenger {
  /** Hands one text over and answers the provider's id. @throws SendError */
  send(text: OutboundText): Promise<{ sid: string }>;
  /** The texts like this one that the provider accepted since then, oldest first. @throws SendError */
  findSent(text: SentText): Promise<TakenText[]>;
  /** The texts that reached the provider since then, of one phone or of all, oldest first. @throws SendError */
  received(filter: { since: Date; from?: string }): Promise<ReceivedText[]>;
}

/** A text was not handed over, or it is not known whether it was (`isAmbiguous`). Carries no number and no text. */
export class SendError extends Error {
  constructor(
    readonly errorClass: ErrorClass,
    readonly code: number | null,
    readonly isAmbiguous: boolean,
    readonly retryAfterMs: number | null = null,
  ) {
    super(`the provider did not take the text: ${errorClass}${code === null ? '' : ` (${code})`}`);
    this.name = 'SendError';
  }
}
