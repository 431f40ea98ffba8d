import type { z } from 'zod';

/** How the process runs; development and test bring working values for everything that production requires. */
export type Mode = 'production' | 'development' | 'test';

/** One setting as text from config.yml or the environment, and how to read it. */
export interface Setting {
  /** Where it stands in config.yml; upper and lower case are the same. */
  key: string;
  /** The environment variable, which wins over the file. */
  env: string;
  /** Other places in config.yml that mean the same. */
  aliases?: readonly string[];
  /** The text taken when neither file nor environment has one; absent: none. */
  default?: string | Partial<Record<Mode, string>>;
  /** What the documentation shows when the default is worked out by the loader. */
  derivedDefault?: string;
  /** Whether production refuses to start without it. */
  isRequired?: true;
  /** One sentence for the documentation. */
  doc: string;
  /** Whether the value must never be shown. */
  secret?: true;
  /** Turns the text into the value; its message completes the sentence "<key> …" and never holds the text. */
  schema: z.ZodType<unknown, string>;
}
