import twilio from 'twilio';
import { loadConfig } from '#libs/config/config';
import type { Answer, TestApi } from '../api.fixture.ts';

const { publicUrl, twilio: account } = loadConfig({ mode: 'test', cwd: process.cwd(), env: {} });

/** Calls the webhooks of an API as Twilio does, signed for the public address. */
export class SignedWebhooks {
  #texts = 0;

  constructor(private readonly api: TestApi) {}

  /** Texts Kronus; answers what it texts back, or null for nothing. */
  async text(from: string, body: string): Promise<string | null> {
    const fields = { MessageSid: `SM-consent-${++this.#texts}`, From: from, Body: body };
    const { status, text } = await this.post('/webhook/sms', fields);
    if (status !== 200) throw new Error(`the webhook answered ${status}`);
    return /<Message>(.*)<\/Message>/s.exec(text)?.[1]?.replaceAll('&apos;', "'") ?? null;
  }

  /** Reports on one of our texts. */
  async report(uuid: string, status: string, errorCode: number): Promise<void> {
    await this.post(`/webhook/sms/status/${uuid}`, {
      MessageSid: `SM-${uuid}`,
      MessageStatus: status,
      ErrorCode: String(errorCode),
    });
  }

  private post(path: string, fields: Record<string, string>): Promise<Answer> {
    const signature = twilio.getExpectedTwilioSignature(account.authToken, publicUrl + path, fields);
    return this.api.call('POST', path, {
      body: new URLSearchParams(fields).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature },
    });
  }
}
