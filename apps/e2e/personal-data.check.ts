import type { KeptExecution } from './kept-in-temporal.ts';

/** What a run knows about its people: what must stand in the record alone. */
export interface PersonalData {
  phoneNumbers: Iterable<string>;
  names: Iterable<string>;
  emails: Iterable<string>;
  /** The bodies of texts in both directions. */
  texts: Iterable<string>;
}

/** Shorter ones (`no`, `1`) stand in every history by chance. */
const LEAST_NAME = 4;
const LEAST_TEXT = 8;

/** Finds personal data in what Temporal keeps; each finding names the execution and what it shows. */
export function findPersonalData(kept: readonly KeptExecution[], data: PersonalData): string[] {
  const needles = new Map<string, string>();
  const look = (kind: string, value: string) => needles.set(value, kind);
  for (const number of data.phoneNumbers) look('a phone number', number.replace(/^\+/, ''));
  for (const email of data.emails) look('an e-mail address', email);
  for (const name of data.names) if (name.length >= LEAST_NAME) look('a name', name);
  for (const text of data.texts) {
    if (text.length < LEAST_TEXT) continue;
    look('a text', text);
    // As it stands in a JSON payload.
    look('a text', JSON.stringify(text).slice(1, -1));
  }
  return kept.flatMap(({ workflowId, bytes }) =>
    [...needles]
      .filter(([value]) => bytes.includes(value))
      .map(([value, kind]) => `${workflowId} holds ${kind}: ${value}`),
  );
}
