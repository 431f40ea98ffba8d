import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text as readAll } from 'node:stream/consumers';

/**
 * A password of the operator's: all of standard input but its last line break, or what is typed, unseen, where there is
 * somebody to type; null when there is none.
 */
export async function readPassword(isOnStdin: boolean): Promise<string | null> {
  if (isOnStdin) return orNull((await readAll(process.stdin)).replace(/\r?\n$/, ''));
  if (!process.stdin.isTTY) return null;
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: process.stdin, output: silence, terminal: true });
  process.stderr.write('Password (empty for none): ');
  try {
    return orNull(await prompt.question(''));
  } finally {
    prompt.close();
    process.stderr.write('\n');
  }
}

const orNull = (password: string): string | null => (password === '' ? null : password);
