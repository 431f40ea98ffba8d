/** One step of a trace. Names and attributes hold patterns, types and ids only, never anything of a person. */
export interface Step {
  name: string;
  kind: 'server' | 'producer' | 'consumer';
  attributes: Record<string, string | number>;
  /** The `traceparent` of what caused it; when left out, what runs now has. */
  cause?: string | undefined;
}

/** A step that has begun. */
export interface OpenStep {
  /** Runs `work`, and everything it starts, as a part of the step. */
  run<T>(work: () => T): T;
  /** Ends the step; `fault` is the type of what went wrong, never its message. */
  end(outcome?: { attributes?: Record<string, string | number>; fault?: string | undefined }): void;
}

/** Follows what happens from a request through signals and workflows to activities. Nothing waits for it, or fails by it. */
export interface Tracing {
  begin(step: Step): OpenStep;
  /** Runs `work` as one step, which fails when `work` does. */
  step<T>(step: Step, work: () => Promise<T>): Promise<T>;
  /** The `traceparent` of what runs now (W3C Trace Context); undefined outside of any step. */
  cause(): string | undefined;
  /** Hands over what was not handed over yet, within two seconds. Never rejects. */
  close(): Promise<void>;
}
