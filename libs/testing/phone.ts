/** One text on a simulated phone, as the simulator's control API shows it. */
export interface PhoneMessage {
  /** Position in the order of all messages. */
  cursor: number;
  sid: string;
  direction: 'outbound' | 'inbound' | 'reply';
  to: string;
  from: string;
  body: string;
  /** Twilio's delivery status at the moment it was read. */
  status: string;
  errorCode?: number;
  /** ISO 8601. */
  createdAt: string;
  statusCallback?: string;
}

/** The webhook's answer to a text; `status` is null when nobody answered. */
export interface WebhookAnswer {
  status: number | null;
  body: string;
  contentType: string | null;
  durationMs: number;
  error?: string;
}

/** What became of a text that a phone sent; `webhook` is null when the simulator has no webhook URL. */
export interface TextResult {
  sid: string;
  webhook: WebhookAnswer | null;
  /** One answer for each repetition. */
  webhooks: WebhookAnswer[];
  /** The texts that the webhook answered with; each also arrives at the phone. */
  replies: string[];
}

/** `sid` announces that message again, `signature` breaks the webhook's, `repeat` posts it so often at once. */
export interface TextOptions {
  sid?: string;
  signature?: 'wrong' | 'none';
  repeat?: number;
}

const maxWaitMs = 30_000;

/**
 * The phones of a Twilio simulator, for stories. Every message to a phone is first unclaimed; `receives`
 * claims one. Safe for several `receives` at once. Starts with all that the simulator remembers: call
 * `mark` at the beginning of a story.
 */
export class Phones {
  private unclaimed: PhoneMessage[] = [];
  private cursor = 0;
  private pulling: Promise<void> = Promise.resolve();

  /** @param controlUrl the simulator's address, such as `http://127.0.0.1:4010` */
  constructor(private readonly controlUrl: string) {}

  /** The phone of this number (E.164); two of the same number are the same phone. */
  phone(number: string): Phone {
    return new Phone(number, this);
  }

  /** Forgets every message until now. */
  async mark(): Promise<void> {
    await this.pull();
    this.unclaimed = [];
  }

  /** @throws Error listing every message, to anyone, that nobody claimed since the last mark. */
  async expectNothingElseSent(): Promise<void> {
    await this.pull();
    if (this.unclaimed.length === 0) return;
    throw new Error(`Nothing else should have been sent, but there was:\n${describe(this.unclaimed)}`);
  }

  /** Claims the oldest unclaimed message to `number`, waiting until `deadline` (epoch ms); undefined when none came. */
  async claimNext(number: string, deadline: number): Promise<PhoneMessage | undefined> {
    for (;;) {
      await this.pull();
      const index = this.unclaimed.findIndex((message) => message.to === number);
      if (index >= 0) return this.unclaimed.splice(index, 1)[0];
      const waitMs = Math.min(deadline - Date.now(), maxWaitMs);
      if (waitMs <= 0) return undefined;
      await this.call(
        `/control/messages?${new URLSearchParams({ to: number, since: `${this.cursor}`, waitMs: `${Math.ceil(waitMs)}` })}`,
      );
    }
  }

  /** Gives a claimed message back, so that `expectNothingElseSent` still tells of it. */
  unclaim(message: PhoneMessage): void {
    this.unclaimed.push(message);
    this.unclaimed.sort((one, other) => one.cursor - other.cursor);
  }

  /** The unclaimed messages known so far, as lines for a failure's text. */
  describeUnclaimed(): string {
    return this.unclaimed.length === 0 ? '  nothing at all' : describe(this.unclaimed);
  }

  /** Deletes something of the simulator's control API, such as a fault; what is gone already stays gone. */
  async delete(path: string): Promise<void> {
    const { ok, status } = await fetch(new URL(path, this.controlUrl), { method: 'DELETE' });
    if (!ok) throw new Error(`The simulator did not delete ${path}: ${status}`);
  }

  /** Calls the simulator's control API. @throws Error with its sentence when it refuses. */
  async call<T>(path: string, body?: unknown): Promise<T> {
    const response = await fetch(new URL(path, this.controlUrl), {
      ...(body !== undefined && {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    const answer = (await response.json()) as T & { error?: string };
    if (!response.ok) throw new Error(`The simulator refused ${path}: ${answer.error}`);
    return answer;
  }

  /** Reads what is new; one reader at a time, so that no message is taken in twice. */
  private pull(): Promise<void> {
    const next = this.pulling.then(async () => {
      const { messages, cursor } = await this.call<{ messages: PhoneMessage[]; cursor: number }>(
        `/control/messages?since=${this.cursor}`,
      );
      this.cursor = cursor;
      this.unclaimed.push(...messages.filter((message) => message.direction !== 'inbound'));
    });
    this.pulling = next.catch(() => undefined);
    return next;
  }
}

/** One simulated phone; get it from `Phones.phone`. */
export class Phone {
  constructor(
    readonly number: string,
    private readonly phones: Phones,
  ) {}

  /**
   * Resolves to the next unclaimed message to this phone, which must match: a pattern, or a part of the
   * text; case does not count. A message counts as soon as Twilio accepted it, delivered or not.
   * @throws Error telling what came instead, when another message comes first or none within `withinMs`.
   */
  async receives(expected: RegExp | string, { withinMs = 15_000 } = {}): Promise<PhoneMessage> {
    const message = await this.phones.claimNext(this.number, Date.now() + withinMs);
    if (message && matches(message.body, expected)) return message;
    if (message) this.phones.unclaim(message);
    const wanted = `${this.number} should have received ${expected instanceof RegExp ? expected : JSON.stringify(expected)}`;
    throw new Error(
      message
        ? `${wanted}, but the next message was:\n${describe([message])}`
        : `${wanted} within ${withinMs} ms, but did not. Unclaimed messages:\n${this.phones.describeUnclaimed()}`,
    );
  }

  /**
   * Texts our number; resolves when the webhook has answered with a 2xx.
   * @throws Error when it answered otherwise, not at all, or when the simulator has no webhook URL.
   */
  async replies(body: string): Promise<TextResult> {
    const result = await this.texts(body);
    const status = result.webhook?.status ?? 0;
    if (status >= 200 && status < 300) return result;
    const outcome = result.webhook?.error ?? result.webhook?.status ?? 'no webhook URL';
    throw new Error(
      `${this.number} texted ${JSON.stringify(body)}, but the webhook did not take it (${outcome}): ${result.webhook?.body ?? ''}`,
    );
  }

  /** As `replies`, but resolves whatever the webhook answered, and can replay, repeat and sign wrongly. */
  async texts(body: string, options: TextOptions = {}): Promise<TextResult> {
    const path = `/control/phones/${encodeURIComponent(this.number)}/messages`;
    return this.phones.call<TextResult>(path, { body, ...options });
  }
}

function matches(body: string, expected: RegExp | string): boolean {
  if (typeof expected === 'string') return body.toLowerCase().includes(expected.toLowerCase());
  // Without g and y, which would carry a position from one match to the next.
  return new RegExp(expected.source, `${expected.flags.replace(/[giy]/g, '')}i`).test(body);
}

const describe = (messages: PhoneMessage[]): string =>
  messages.map(({ to, body, status }) => `  to ${to} (${status}): ${JSON.stringify(body)}`).join('\n');
