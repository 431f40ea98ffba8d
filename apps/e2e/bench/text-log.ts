import type { PhoneMessage, Phones } from '#libs/testing/phone';

/** Reads the simulator's log of texts as it grows; times are the simulator's own. */
export class TextLog {
  #cursor = 0;

  constructor(private readonly phones: Phones) {}

  /** The texts since the last call, oldest first. */
  async pull(): Promise<PhoneMessage[]> {
    const { messages, cursor } = await this.phones.call<{ messages: PhoneMessage[]; cursor: number }>(
      `/control/messages?since=${this.#cursor}`,
    );
    this.#cursor = cursor;
    return messages;
  }
}

/** When the simulator took a text, in epoch milliseconds. */
export const timeOf = (text: PhoneMessage): number => Date.parse(text.createdAt);
