/** A script for the command line. */
export interface Script<Options extends { isHelp: boolean }> {
  usage: string;
  /** @throws Error with one sentence about what is wrong with the command line */
  readOptions: () => Options;
  /** Answers whether all went well. */
  run: (options: Options) => Promise<boolean>;
  /** Ends what was started, when the script is interrupted. */
  stop?: () => Promise<void>;
}

const INTERRUPTED = 130;

/** Runs a script and ends the process: with 0 when all went well, 1 when not or not understood, 130 when interrupted. */
export async function runScript<Options extends { isHelp: boolean }>({
  usage,
  readOptions,
  run,
  stop = () => Promise.resolve(),
}: Script<Options>): Promise<never> {
  let options: Options;
  try {
    options = readOptions();
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(1);
  }
  if (options.isHelp) {
    console.log(usage);
    process.exit(0);
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void stop().finally(() => process.exit(INTERRUPTED)));
  }
  process.exit((await run(options)) ? 0 : 1);
}
