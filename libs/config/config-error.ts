/** Thrown by `loadConfig` with every fault found; a fault names its key and variable and never holds a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly faults: string[]) {
    super(faults.join('\n'));
  }
}
