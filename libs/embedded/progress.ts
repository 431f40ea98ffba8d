/** What a step calls to tell what it is doing at the moment. */
export type Say = (text: string) => void;

/** How long a finished step took. */
export interface StepTime {
  name: string;
  ms: number;
}

interface RunningStep {
  name: string;
  since: number;
  text: string;
}

/** The part of a writable stream that progress needs. */
export interface ProgressOutput {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
const PLAIN_LINE_MS = 10_000;
const ERASE_LINE = '\r\u001b[2K';

/** A duration for people: `0.3 s`, `42 s`, `5 min 12 s`. */
export const formatDuration = (ms: number): string => {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
};

/**
 * Prints one line for each step with its time: `✓ PostgreSQL 0.3 s`, or `✗ PostgreSQL: reason`.
 * While steps run, a terminal shows one changing line; anything else gets a plain line every 10 s. Steps may run at the same time.
 */
export class Progress {
  /** The steps that succeeded, in the order in which they ended. */
  readonly times: StepTime[] = [];
  private readonly running = new Set<RunningStep>();
  private ticker: NodeJS.Timeout | undefined;
  private frame = 0;

  constructor(private readonly output: ProgressOutput = process.stdout) {}

  /** Runs `work` and prints how it ended; rethrows what it throws. */
  async step<T>(name: string, work: (say: Say) => T | Promise<T>): Promise<T> {
    const step: RunningStep = { name, since: performance.now(), text: '' };
    this.begin(step);
    try {
      const result = await work((text) => (step.text = text));
      const ms = performance.now() - step.since;
      this.times.push({ name, ms: Math.round(ms) });
      this.end(step, `✓ ${name} ${formatDuration(ms)}`);
      return result;
    } catch (error) {
      this.end(step, `✗ ${name}: ${error instanceof Error ? error.message : String(error)}`);
      throw error;
    }
  }

  /** Prints a line of its own without disturbing the changing one. */
  line(text: string): void {
    this.output.write(`${this.output.isTTY ? ERASE_LINE : ''}${text}\n`);
  }

  private begin(step: RunningStep): void {
    this.running.add(step);
    this.ticker ??= setInterval(() => this.tick(), this.output.isTTY ? FRAME_MS : PLAIN_LINE_MS);
  }

  private end(step: RunningStep, line: string): void {
    this.running.delete(step);
    this.line(line);
    if (this.running.size > 0) return;
    clearInterval(this.ticker);
    this.ticker = undefined;
  }

  private tick(): void {
    const states = [...this.running].map(({ name, since, text }) => {
      const elapsed = formatDuration(performance.now() - since);
      return text ? `${name} ${elapsed}: ${text}` : `${name} ${elapsed}`;
    });
    if (!this.output.isTTY) return states.forEach((state) => this.line(`… ${state}`));
    this.frame = (this.frame + 1) % FRAMES.length;
    const width = (this.output.columns ?? 80) - 1;
    this.output.write(`${ERASE_LINE}${`${FRAMES[this.frame]} ${states.join(' · ')}`.slice(0, width)}`);
  }
}
