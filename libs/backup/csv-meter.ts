import { createHash } from 'node:crypto';

/** What makes two texts of a table the same. */
export interface Measure {
  rows: number;
  bytes: number;
  sha256: string;
}

const QUOTE = 0x22;
const NEWLINE = 0x0a;

/** Measures the CSV of a table as it streams by. */
export class CsvMeter {
  private readonly hash = createHash('sha256');
  private bytes = 0;
  private lines = 0;
  private isQuoted = false;

  add(chunk: Uint8Array): void {
    this.hash.update(chunk);
    this.bytes += chunk.length;
    // A quote within a quoted value is doubled, so counting quotes is enough to know which newlines end a row.
    let { isQuoted, lines } = this;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === QUOTE) isQuoted = !isQuoted;
      else if (byte === NEWLINE && !isQuoted) lines++;
    }
    this.isQuoted = isQuoted;
    this.lines = lines;
  }

  /** To be asked once, at the end. The first line is the header. */
  end(): Measure {
    return { rows: Math.max(0, this.lines - 1), bytes: this.bytes, sha256: this.hash.digest('hex') };
  }
}

/** Passes a CSV on while `meter` measures it. */
export async function* metered(csv: AsyncIterable<Buffer>, meter: CsvMeter): AsyncGenerator<Buffer> {
  for await (const chunk of csv) {
    meter.add(chunk);
    yield chunk;
  }
}

/** Measures a whole CSV. */
export async function measure(csv: AsyncIterable<Buffer>): Promise<Measure> {
  const meter = new CsvMeter();
  for await (const chunk of csv) meter.add(chunk);
  return meter.end();
}

/** Whether two measures say the same. */
export const isSame = (one: Measure, other: Measure): boolean =>
  one.rows === other.rows && one.bytes === other.bytes && one.sha256 === other.sha256;
