import { EventEmitter, once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { Journal, type StoreEvent } from './journal.ts';
import { statusRank, type Message, type MessageStatus } from './message.ts';

/** What a caller knows of a message before the store gives it its place, its SID and its times. */
export type MessageDraft = Pick<Message, 'direction' | 'to' | 'from' | 'body' | 'status'> &
  Partial<Pick<Message, 'sid' | 'messagingServiceSid' | 'statusCallback'>>;

/** Which messages a reader wants; an absent number means any. */
export interface NumberFilter {
  to?: string | undefined;
  from?: string | undefined;
}

interface StoreEvents {
  message: [Message];
  /** The status, the body or the existence of a message changed. */
  changed: [Message];
  optOut: [number: string];
  cleared: [];
  [arrival: `to ${string}` | `from ${string}`]: [Message];
}

/**
 * All messages and opt-outs, indexed by SID, receiver and sender. Every change is in the journal (when
 * there is one) before it is visible, so what was once answered is still there after a restart.
 */
export class MessageStore extends EventEmitter<StoreEvents> {
  private messages: Message[] = [];
  private readonly bySid = new Map<string, Message>();
  private readonly byTo = new Map<string, Message[]>();
  private readonly byFrom = new Map<string, Message[]>();
  private readonly optedOut = new Set<string>();
  private nextCursor = 1;
  private readonly journal: Journal | undefined;

  /** @throws Error when the journal cannot be opened or read. */
  constructor(journalFile?: string) {
    super();
    this.setMaxListeners(0);
    if (journalFile === undefined) return;
    this.journal = new Journal(journalFile);
    this.journal.replay((event) => this.apply(event));
  }

  /** The cursor of the newest message ever added; 0 before the first. */
  get lastCursor(): number {
    return this.nextCursor - 1;
  }

  add(draft: MessageDraft): Message {
    const now = Date.now();
    const message: Message = {
      cursor: this.nextCursor,
      sid: draft.sid ?? `SM${randomBytes(16).toString('hex')}`,
      direction: draft.direction,
      to: draft.to,
      from: draft.from,
      body: draft.body,
      status: draft.status,
      errorCode: null,
      messagingServiceSid: draft.messagingServiceSid ?? null,
      statusCallback: draft.statusCallback ?? null,
      createdAt: now,
      sentAt: draft.direction === 'outbound' ? null : now,
      updatedAt: now,
    };
    this.record({ type: 'message', message });
    this.emit('message', message);
    this.emit(`to ${message.to}`, message);
    this.emit(`from ${message.from}`, message);
    return message;
  }

  find(sid: string): Message | undefined {
    return this.bySid.get(sid);
  }

  /** Moves a message on. A status that would take it back is ignored, as is one for a message that is gone. */
  setStatus(message: Message, status: MessageStatus, errorCode: number | null = null): void {
    if (!this.bySid.has(message.sid) || statusRank(status) < statusRank(message.status)) return;
    this.record({ type: 'status', sid: message.sid, status, errorCode, at: Date.now() });
    this.emit('changed', message);
  }

  setBody(message: Message, body: string): void {
    this.record({ type: 'body', sid: message.sid, body, at: Date.now() });
    this.emit('changed', message);
  }

  delete(message: Message): void {
    this.record({ type: 'deleted', sid: message.sid });
    this.emit('changed', message);
  }

  isOptedOut(number: string): boolean {
    return this.optedOut.has(number);
  }

  setOptedOut(number: string, optedOut: boolean): void {
    if (this.optedOut.has(number) === optedOut) return;
    this.record({ type: 'optOut', number, optedOut });
    this.emit('optOut', number);
  }

  /** Forgets all messages and opt-outs. Cursors go on counting, so a reader's old one stays valid. */
  clear(): void {
    this.record({ type: 'cleared' });
    this.emit('cleared');
  }

  /** Messages that match, newest first, older than the cursor `before`. */
  *newestFirst(filter: NumberFilter, before = Infinity): Generator<Message> {
    const candidates = this.candidates(filter);
    for (let index = firstAtOrAfter(candidates, before) - 1; index >= 0; index -= 1) {
      const message = candidates[index]!;
      if (this.isVisible(message, filter)) yield message;
    }
  }

  /** The newest `count` messages, oldest first. */
  newest(count: number): Message[] {
    return this.messages.slice(-count).filter((message) => this.isVisible(message, {}));
  }

  /** Messages that match and came after the cursor `since`, oldest first. */
  since(since: number, filter: NumberFilter = {}): Message[] {
    const candidates = this.candidates(filter);
    const newer = candidates.slice(firstAtOrAfter(candidates, since + 1));
    return newer.filter((message) => this.isVisible(message, filter));
  }

  /** As `since`, but waits up to `waitMs` for a first match; empty when none came or `signal` aborted. */
  async waitSince(
    since: number,
    filter: NumberFilter,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<Message[]> {
    const limit = AbortSignal.any([AbortSignal.timeout(waitMs), signal]);
    const arrival = filter.to ? `to ${filter.to}` : filter.from ? `from ${filter.from}` : 'message';
    let found = this.since(since, filter);
    while (found.length === 0 && waitMs > 0 && !limit.aborted) {
      await once(this, arrival, { signal: limit }).catch(() => undefined);
      found = this.since(since, filter);
    }
    return found;
  }

  /** Every other party's number with its newest message, most recently active first. */
  conversations(): { number: string; lastMessage: Message }[] {
    const newest = new Map<string, Message>();
    for (const message of this.newestFirst({})) {
      const number = message.direction === 'inbound' ? message.from : message.to;
      if (!newest.has(number)) newest.set(number, message);
    }
    return [...newest].map(([number, lastMessage]) => ({ number, lastMessage }));
  }

  optedOutNumbers(): string[] {
    return [...this.optedOut];
  }

  close(): void {
    this.journal?.close();
  }

  private record(event: StoreEvent): void {
    this.journal?.append(event);
    this.apply(event);
  }

  private apply(event: StoreEvent): void {
    switch (event.type) {
      case 'message':
        return this.index(event.message);
      case 'status': {
        const message = this.bySid.get(event.sid)!;
        const { status, errorCode, at } = event;
        Object.assign(message, { status, errorCode, sentAt: message.sentAt ?? at, updatedAt: at });
        return;
      }
      case 'body':
        Object.assign(this.bySid.get(event.sid)!, { body: event.body, updatedAt: event.at });
        return;
      case 'deleted':
        this.bySid.delete(event.sid);
        return;
      case 'optOut':
        if (event.optedOut) this.optedOut.add(event.number);
        else this.optedOut.delete(event.number);
        return;
      case 'cleared':
        this.messages = [];
        for (const index of [this.bySid, this.byTo, this.byFrom, this.optedOut]) index.clear();
    }
  }

  private index(message: Message): void {
    this.nextCursor = message.cursor + 1;
    this.messages.push(message);
    this.bySid.set(message.sid, message);
    listOf(this.byTo, message.to).push(message);
    listOf(this.byFrom, message.from).push(message);
  }

  private candidates({ to, from }: NumberFilter): Message[] {
    const lists = [this.messages];
    if (to !== undefined) lists.push(this.byTo.get(to) ?? []);
    if (from !== undefined) lists.push(this.byFrom.get(from) ?? []);
    return lists.reduce((shortest, list) => (list.length < shortest.length ? list : shortest));
  }

  private isVisible(message: Message, { to, from }: NumberFilter): boolean {
    return (
      (to === undefined || message.to === to) &&
      (from === undefined || message.from === from) &&
      this.bySid.has(message.sid)
    );
  }
}

function listOf(lists: Map<string, Message[]>, number: string): Message[] {
  let list = lists.get(number);
  if (list === undefined) lists.set(number, (list = []));
  return list;
}

/** The index of the first message whose cursor is at least `cursor`, in a list ordered by cursor. */
function firstAtOrAfter(messages: Message[], cursor: number): number {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (messages[middle]!.cursor < cursor) low = middle + 1;
    else high = middle;
  }
  return low;
}
