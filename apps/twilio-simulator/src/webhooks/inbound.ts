import type { Message } from '../messages/message.ts';
import type { MessageStore } from '../messages/message.store.ts';
import { countSegments } from '../rest/segments.ts';
import { apiVersion } from '../rest/twilio-message.view.ts';
import type { PhoneText } from '../control/control.schemas.ts';
import { optOutTypeOf, type OptOutType } from './keywords.ts';
import { textsToSend } from './twiml.ts';
import type { WebhookAnswer, WebhookParams, WebhookSender } from './webhook.sender.ts';

/** Our side of a conversation: the account, its number and where inbound messages are announced. */
export interface Account {
  accountSid: string;
  authToken: string;
  number: string;
  webhookUrl?: string | undefined;
  messagingServiceSid?: string | undefined;
}

/** What became of a text: the webhook's answer, one for each repetition, and what was texted back. */
export interface InboundResult {
  sid: string;
  webhook: WebhookAnswer | null;
  webhooks: WebhookAnswer[];
  replies: string[];
}

/** Takes texts from people: keeps them, obeys keywords, tells the webhook and sends what it answers. */
export class Inbound {
  constructor(
    private readonly account: Account,
    private readonly store: MessageStore,
    private readonly sender: WebhookSender,
  ) {}

  /**
   * Resolves when every webhook was answered or given up. A known `sid` is announced again, not kept again.
   * Answers to someone who has opted out are not sent.
   */
  async receive(from: string, text: PhoneText): Promise<InboundResult> {
    const { number: to, webhookUrl } = this.account;
    const known = text.sid === undefined ? undefined : this.store.find(text.sid);
    const message =
      known ??
      this.store.add({
        direction: 'inbound',
        from,
        to,
        body: text.body,
        status: 'received',
        ...(text.sid && { sid: text.sid }),
        messagingServiceSid: this.account.messagingServiceSid ?? null,
      });
    const optOutType = optOutTypeOf(text.body, this.store.isOptedOut(from));
    if (optOutType === 'STOP' || optOutType === 'START') this.store.setOptedOut(from, optOutType === 'STOP');
    if (webhookUrl === undefined) return { sid: message.sid, webhook: null, webhooks: [], replies: [] };

    const params = this.params({ ...message, from, body: text.body }, optOutType);
    const webhooks = await Promise.all(
      Array.from({ length: text.repeat }, () =>
        this.sender.post(webhookUrl, params, { signature: text.signature, retryConnection: true }),
      ),
    );
    const replies = webhooks.flatMap((answer) => this.reply(from, answer));
    return { sid: message.sid, webhook: webhooks[0]!, webhooks, replies };
  }

  private reply(to: string, answer: WebhookAnswer): string[] {
    const isAccepted = answer.status !== null && answer.status >= 200 && answer.status < 300;
    if (!isAccepted || this.store.isOptedOut(to)) return [];
    const texts = textsToSend(answer.body, answer.contentType);
    for (const body of texts) {
      this.store.add({ direction: 'reply', to, from: this.account.number, body, status: 'delivered' });
    }
    return texts;
  }

  private params(message: Message, optOutType: OptOutType | undefined): WebhookParams {
    const { sid, from, to, body, messagingServiceSid } = message;
    return {
      ToCountry: countryOf(to),
      ToState: '',
      SmsMessageSid: sid,
      NumMedia: '0',
      ToCity: '',
      FromZip: '',
      SmsSid: sid,
      FromState: '',
      SmsStatus: 'received',
      FromCity: '',
      Body: body,
      FromCountry: countryOf(from),
      To: to,
      ...(messagingServiceSid && { MessagingServiceSid: messagingServiceSid }),
      ToZip: '',
      NumSegments: String(countSegments(body)),
      MessageSid: sid,
      AccountSid: this.account.accountSid,
      From: from,
      ApiVersion: apiVersion,
      ...(optOutType && { OptOutType: optOutType }),
    };
  }
}

const countryOf = (number: string) => (number.startsWith('+1') ? 'US' : '');
