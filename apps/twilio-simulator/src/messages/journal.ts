import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Message, MessageStatus } from './message.ts';

/** Everything that can happen to the simulator's state; the journal is a list of these. */
export type StoreEvent =
  | { type: 'message'; message: Message }
  | { type: 'status'; sid: string; status: MessageStatus; errorCode: number | null; at: number }
  | { type: 'body'; sid: string; body: string; at: number }
  | { type: 'deleted'; sid: string }
  | { type: 'optOut'; number: string; optedOut: boolean }
  | { type: 'cleared' };

/**
 * An append-only file of JSON lines. An event is with the operating system before `append` returns,
 * so it outlives a SIGKILL of this process, but not a power cut. The file is readable by its owner only.
 */
export class Journal {
  private readonly descriptor: number;
  private isClosed = false;

  constructor(private readonly file: string) {
    this.descriptor = openSync(file, 'a+', 0o600);
  }

  /**
   * Hands every kept event to `apply`, oldest first. Cuts off a last line that a kill left unfinished.
   * @throws Error naming the line when another line is not JSON.
   */
  replay(apply: (event: StoreEvent) => void): void {
    const content = readFileSync(this.file);
    const end = content.lastIndexOf('\n') + 1;
    if (end < content.length) ftruncateSync(this.descriptor, end);
    const lines = content.subarray(0, end).toString().split('\n').slice(0, -1);
    lines.forEach((line, index) => apply(this.parse(line, index + 1)));
  }

  /** Does nothing once closed: what comes after the end was never answered to anyone. */
  append(event: StoreEvent): void {
    // The number of a closed descriptor may already belong to another file.
    if (this.isClosed) return;
    writeSync(this.descriptor, `${JSON.stringify(event)}\n`);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    closeSync(this.descriptor);
  }

  private parse(line: string, number: number): StoreEvent {
    try {
      return JSON.parse(line) as StoreEvent;
    } catch {
      throw new Error(`Line ${number} of the journal ${this.file} is not JSON.`);
    }
  }
}
