import http from 'node:http';
import twilio from 'twilio';
import type { MessageInstance, MessagePage } from 'twilio/lib/rest/api/v2010/account/message.js';
import { classifyError } from '#libs/domain/delivery';
import { SendError, type Messenger, type OutboundText, type SentText } from './messenger.ts';

/** The account that texts are sent from. */
export interface TwilioSettings {
  accountSid: string;
  authToken: string;
  messagingServiceSid: string;
  /** Another address than Twilio's own, for the simulator or a proxy. */
  apiBaseUrl: string | null;
}

const TWILIO_API = 'https://api.twilio.com';
const TIMEOUT_MS = 8_000;
/** Twilio's clock and ours may differ by this much when a text is looked up. */
const CLOCK_SKEW_MS = 60_000;
/** The most that Twilio lists at once. */
const PAGE_SIZE = 1_000;
const RETRY_AFTER = /^\d+$/;

/** The library's own HTTP client, sent to another address where one is set, and with refusals classed. */
class HttpClient extends twilio.RequestClient {
  constructor(private readonly apiBaseUrl: string) {
    super({ timeout: TIMEOUT_MS, keepAlive: true });
    // The library brings a keep-alive agent for https only; the simulator speaks http.
    this.axios.defaults.httpAgent = new http.Agent({ keepAlive: true });
  }

  override async request<T>(options: Parameters<typeof twilio.RequestClient.prototype.request<T>>[0]) {
    const uri = options.uri.replace(TWILIO_API, this.apiBaseUrl);
    const response = await super.request<T>({ ...options, uri }).catch((error: unknown) => {
      throw new SendError('retry', null, !isRefusedConnection(error));
    });
    if (response.statusCode >= 400) throw refusal(response.statusCode, response.body, response.headers);
    return response;
  }
}

// Nothing can have been accepted on a connection that never stood.
function isRefusedConnection(error: unknown): boolean {
  const code = (error as { code?: string }).code;
  return code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN';
}

function refusal(status: number, body: unknown, headers: unknown): SendError {
  const code = (body as { code?: unknown } | null)?.code;
  const retryAfter = String((headers as Record<string, unknown> | null)?.['retry-after'] ?? '');
  return new SendError(
    classifyError(typeof code === 'number' ? code : null, status),
    typeof code === 'number' ? code : null,
    // A 5xx may come from a part that stands in front of one that accepted.
    status >= 500,
    RETRY_AFTER.test(retryAfter) ? Number(retryAfter) * 1000 : null,
  );
}

/** Sends through Twilio's Messages resource. Time-out 8 s; never retries by itself. */
export function createTwilioMessenger(settings: TwilioSettings): Messenger {
  const httpClient = new HttpClient(settings.apiBaseUrl ?? TWILIO_API);
  // The library throws for a name that does not begin with AC; whether an account is right is the provider's to say.
  const client = twilio('AC', settings.authToken, { httpClient });
  client.username = client.accountSid = settings.accountSid;

  /** Messages created since then, oldest first; `isEnough` says after which page no other can be of interest. */
  async function list(
    query: { to?: string; from?: string; dateSentAfter?: Date },
    earliest: Date,
    isEnough: (page: MessageInstance[]) => boolean = () => false,
  ): Promise<MessageInstance[]> {
    const found: MessageInstance[] = [];
    let page: Pick<MessagePage, 'instances' | 'nextPage'> | undefined = await client.messages.page({
      ...query,
      pageSize: PAGE_SIZE,
    });
    while (page) {
      found.push(...page.instances.filter((each) => each.dateCreated >= earliest));
      page = isEnough(page.instances) ? undefined : await page.nextPage();
    }
    // Dates have whole seconds: within one, the list tells the order, the newest first.
    return found.reverse().sort((a, b) => a.dateCreated.getTime() - b.dateCreated.getTime());
  }
  const earliestOf = (since: Date) => new Date(since.getTime() - CLOCK_SKEW_MS);

  return {
    async send({ to, body, statusCallback }: OutboundText) {
      const { messagingServiceSid } = settings;
      const { sid } = await client.messages.create({ to, body, statusCallback, messagingServiceSid });
      return { sid };
    },

    async findSent({ to, body, since }: SentText) {
      // All of this phone's, whatever their date: one that still waits at Twilio has none, and where a list that is
      // sorted by the date puts it is not said.
      const messages = await list({ to }, earliestOf(since));
      return messages
        .filter((each) => each.direction !== 'inbound' && each.body === body)
        .map(({ sid, dateCreated }) => ({ sid, takenAt: dateCreated }));
    },

    async received({ since, from }) {
      const earliest = earliestOf(since);
      // What came in has a date at once. Twilio filters by day (UTC) only, and lists the newest first.
      const dateSentAfter = new Date(earliest.toISOString().slice(0, 10));
      const query = from === undefined ? { dateSentAfter } : { from, dateSentAfter };
      const messages = await list(query, earliest, (page) =>
        // Null, whatever the library's types say, for a text of ours that still waits.
        page.some((each) => each.dateSent?.getTime() < earliest.getTime()),
      );
      return messages
        .filter((each) => each.direction === 'inbound')
        .map(({ sid, from, body, dateCreated }) => ({ sid, from, body, sentAt: dateCreated }));
    },
  };
}
