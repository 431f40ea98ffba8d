import type { PhoneMessage } from '#libs/testing/phone';
import type { BenchPerson } from './people.ts';
import type { Rig } from './rig.ts';
import { timeOf } from './text-log.ts';

const ALARM_LIMIT_MS = 60_000;

/** A bad answer and what it set off. */
export interface Alarm {
  /** From the moment in which the simulator took the person's text to the one in which it accepted the contact's. */
  toAlertMs: number;
  /** How long the webhook took to answer. */
  webhookMs: number;
}

/** Lets somebody who was asked answer "no", and waits for the alert to their contact. */
export async function alarm(rig: Rig, { phone, contactPhone }: BenchPerson): Promise<Alarm> {
  const { webhook } = await rig.phones.phone(phone).replies('no');
  let alert: PhoneMessage | undefined;
  await rig.until('the alert', ALARM_LIMIT_MS, async () => {
    [alert] = await textsOf(rig, `to=${encodeURIComponent(contactPhone)}`);
    return alert !== undefined;
  });
  const [answer] = await textsOf(rig, `from=${encodeURIComponent(phone)}`);
  return { toAlertMs: timeOf(alert!) - timeOf(answer!), webhookMs: webhook!.durationMs };
}

async function textsOf(rig: Rig, filter: string): Promise<PhoneMessage[]> {
  const { messages } = await rig.phones.call<{ messages: PhoneMessage[] }>(`/control/messages?${filter}`);
  return messages;
}
