import { EventEmitter } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { isComplete, statusRank, type Message, type MessageStatus } from '../messages/message.ts';
import type { MessageStore } from '../messages/message.store.ts';
import type { Faults } from '../control/faults.ts';
import { apiVersion } from '../rest/twilio-message.view.ts';
import type { WebhookParams, WebhookSender } from './webhook.sender.ts';

/** One attempted status callback; `httpStatus` is null and `error` set when nobody answered. */
export interface CallbackRecord {
  cursor: number;
  sid: string;
  status: MessageStatus;
  httpStatus: number | null;
  error?: string;
  at: string;
}

/** How a message ends and how its callbacks arrive. */
export interface DeliveryPlan {
  outcome: 'delivered' | 'undelivered' | 'failed';
  errorCode: number | null;
  callbacks: 'normal' | 'first' | 'duplicate' | 'late' | 'reorder' | 'none';
  delayMs: number;
}

const defaultLateMs = 2_000;
const defaultErrorCode = 30003;
const keptRecords = 20_000;

/** Carries messages to the phones: moves their status on, and tells their StatusCallback. Callbacks are not retried. */
export class Delivery extends EventEmitter<{ callback: [CallbackRecord] }> {
  private records: CallbackRecord[] = [];
  private lastCursor = 0;
  private readonly closing = new AbortController();

  constructor(
    private readonly accountSid: string,
    private readonly store: MessageStore,
    private readonly sender: WebhookSender,
    private readonly faults: Faults,
    private readonly transitMs: number,
  ) {
    super();
    store.on('cleared', () => (this.records = []));
  }

  /** What the faults in force make of a message to `number`. */
  plan(number: string): DeliveryPlan {
    const outcome = this.faults.take('outcome', [number]);
    const callbacks = this.faults.take('callbacks', [number]);
    const order = callbacks?.kind.replace('callback-', '') as DeliveryPlan['callbacks'] | undefined;
    return {
      outcome: outcome?.kind ?? 'delivered',
      errorCode: outcome ? (outcome.code ?? defaultErrorCode) : null,
      callbacks: order ?? 'normal',
      delayMs: callbacks?.delayMs ?? (order === 'late' ? defaultLateMs : 0),
    };
  }

  /** Starts `deliver` after the usual transit time, in the background. */
  start(message: Message, plan: DeliveryPlan): void {
    setTimeout(() => void this.deliver(message, plan), this.transitMs).unref();
  }

  /** Starts what a former process did not finish. */
  resume(): void {
    const plan: DeliveryPlan = { outcome: 'delivered', errorCode: null, callbacks: 'normal', delayMs: 0 };
    for (const message of this.store.since(0)) {
      if (!isComplete(message)) this.start(message, plan);
    }
  }

  /** Resolves when the last callback was answered. In normal order a callback waits for the one before. */
  async deliver(message: Message, plan: DeliveryPlan): Promise<void> {
    // A message that failed never left, so it was never "sent".
    const way: MessageStatus[] = plan.outcome === 'failed' ? ['failed'] : ['sent', plan.outcome];
    const steps = way.filter((status) => statusRank(status) > statusRank(message.status));
    const codeOf = (status: MessageStatus) => (status === plan.outcome ? plan.errorCode : null);
    const tell = (status: MessageStatus) => this.callBack(message, status, codeOf(status));
    const isInStep =
      plan.callbacks === 'normal' || plan.callbacks === 'duplicate' || plan.callbacks === 'first';

    for (const status of steps) {
      if (!this.exists(message) || message.status === 'canceled') return;
      this.store.setStatus(message, status, codeOf(status));
      if (isInStep) await tell(status);
      if (plan.callbacks === 'duplicate') await tell(status);
    }
    if (isInStep || plan.callbacks === 'none') return;

    if (plan.callbacks === 'reorder') steps.reverse();
    for (const [index, status] of steps.entries()) {
      const isDelayed = plan.callbacks === 'late' ? index === 0 : index > 0;
      if (isDelayed) await this.pause(plan.delayMs);
      await tell(status);
    }
  }

  /** Tells one status now, whatever the message's own is; undefined when it has no StatusCallback or is gone. */
  async callBack(
    message: Message,
    status: MessageStatus,
    errorCode: number | null,
  ): Promise<CallbackRecord | undefined> {
    if (message.statusCallback === null || !this.exists(message)) return undefined;
    const params = this.params(message, status, errorCode);
    const answer = await this.sender.post(message.statusCallback, params);
    const record: CallbackRecord = {
      cursor: (this.lastCursor += 1),
      sid: message.sid,
      status,
      httpStatus: answer.status,
      ...(answer.error && { error: answer.error }),
      at: new Date().toISOString(),
    };
    this.records.push(record);
    if (this.records.length > 2 * keptRecords) this.records = this.records.slice(-keptRecords);
    this.emit('callback', record);
    return record;
  }

  /** Callbacks attempted after the cursor `since`, oldest first; only the newest 20,000 are remembered. */
  callbacks(since: number): { callbacks: CallbackRecord[]; cursor: number } {
    const first = this.records[0]?.cursor ?? this.lastCursor + 1;
    return { callbacks: this.records.slice(Math.max(0, since + 1 - first)), cursor: this.lastCursor };
  }

  close(): void {
    this.closing.abort();
  }

  private exists(message: Message): boolean {
    return !this.closing.signal.aborted && this.store.find(message.sid) === message;
  }

  private async pause(delayMs: number): Promise<void> {
    await wait(delayMs, undefined, { signal: this.closing.signal, ref: false }).catch(() => undefined);
  }

  private params(message: Message, status: MessageStatus, errorCode: number | null): WebhookParams {
    const { sid, to, from, messagingServiceSid } = message;
    return {
      ...(errorCode !== null && { ErrorCode: String(errorCode) }),
      SmsSid: sid,
      SmsStatus: status,
      MessageStatus: status,
      To: to,
      MessageSid: sid,
      ...(messagingServiceSid && { MessagingServiceSid: messagingServiceSid }),
      AccountSid: this.accountSid,
      From: from,
      ApiVersion: apiVersion,
    };
  }
}
