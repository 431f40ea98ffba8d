import pg from 'pg';

/** The servers that a run of tests can need. */
export interface NeededServers {
  postgres: boolean;
  /** The Temporal server's program, which each story starts for itself. */
  temporal: boolean;
  timeSkipping: boolean;
}

/** Where the global set-up leaves addresses for the tests, which run in other processes. */
export const TEST_SERVER_VARIABLES = {
  postgres: 'KRONUS_TEST_POSTGRES_URL',
  timeSkipping: 'KRONUS_TEST_TIME_SKIPPING_SERVER',
} as const;

const NONE: NeededServers = { postgres: false, temporal: false, timeSkipping: false };

// The first that matches decides; what names no kind of test may be anything.
const NEEDS_BY_NAME: [RegExp, NeededServers][] = [
  [/\.int-spec\.ts$/, { ...NONE, postgres: true }],
  [/\.e2e-spec\.ts$/, { ...NONE, temporal: true }],
  [/\.workflow\.spec\.ts$/, { ...NONE, postgres: true, timeSkipping: true }],
  [/\.(replay-)?spec\.ts$/, NONE],
  [/(?:)/, { postgres: true, temporal: true, timeSkipping: true }],
];

/**
 * The servers needed by the test files that jest was asked for (its path patterns; none means all files).
 * Decided by the ending alone: `.int-spec.ts` PostgreSQL, `.workflow.spec.ts` that and the time-skipping server, other `.spec.ts` and
 * `.replay-spec.ts` nothing, anything else all.
 */
export const neededServers = (patterns: readonly string[]): NeededServers => {
  const needs = (patterns.length > 0 ? patterns : ['']).map((pattern) => {
    const name = pattern.replaceAll(/[\\$]/g, '');
    return NEEDS_BY_NAME.find(([ending]) => ending.test(name))?.[1] ?? NONE;
  });
  return {
    postgres: needs.some((need) => need.postgres),
    temporal: needs.some((need) => need.temporal),
    timeSkipping: needs.some((need) => need.timeSkipping),
  };
};

const variable = (server: keyof typeof TEST_SERVER_VARIABLES): string => {
  const value = process.env[TEST_SERVER_VARIABLES[server]];
  if (value) return value;
  throw new Error(
    `The test server "${server}" was not started: run the tests by \`npm test\`, and see what the set-up printed.`,
  );
};

/** The address of a database (it need not exist yet) on the run's PostgreSQL, as superuser. */
export const testPostgresUrl = (database = 'postgres'): string => {
  const url = new URL(variable('postgres'));
  url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
};

/** The path of the time-skipping server's program, the `existing-path` of `TestWorkflowEnvironment.createTimeSkipping`. */
export const testTimeSkippingServer = (): string => variable('timeSkipping');

/** Creates an empty database of its own for a test file and returns its address and a way to drop it. */
export const createTestDatabase = async (
  prefix = 'test',
): Promise<{ url: string; drop(): Promise<void> }> => {
  const name = `${prefix}_${process.pid}_${Math.random().toString(36).slice(2)}`;
  await administer(`CREATE DATABASE "${name}"`);
  return {
    url: testPostgresUrl(name),
    drop: () => administer(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`),
  };
};

const administer = async (statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: testPostgresUrl() });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
};
