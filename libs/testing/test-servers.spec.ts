import { describe, expect, it } from '@jest/globals';
import { neededServers } from './test-servers.ts';

const none = { postgres: false, temporal: false, timeSkipping: false };
const all = { postgres: true, temporal: true, timeSkipping: true };

describe('neededServers', () => {
  it('is all for a whole run and for a folder', () => {
    expect(neededServers([])).toEqual(all);
    expect(neededServers(['libs/db'])).toEqual(all);
  });

  it('is nothing for pure tests', () => {
    expect(neededServers(['libs/domain/cadence.spec.ts', 'workflows/probe/probe.replay-spec.ts'])).toEqual(
      none,
    );
    expect(neededServers(['\\.spec\\.ts$'])).toEqual(none);
  });

  it('is the sum of what each file needs', () => {
    expect(neededServers(['libs/db/queries.int-spec.ts'])).toEqual({ ...none, postgres: true });
    expect(neededServers(['apps/e2e/probe.e2e-spec.ts'])).toEqual({ ...none, temporal: true });
    expect(neededServers(['workflows/probe/probe.workflow.spec.ts'])).toEqual({ ...all, temporal: false });
    expect(neededServers(['a.int-spec.ts', 'b.workflow.spec.ts', 'c.spec.ts'])).toEqual({
      ...all,
      temporal: false,
    });
  });
});
