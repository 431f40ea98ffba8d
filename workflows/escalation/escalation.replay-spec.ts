import { describe, it } from '@jest/globals';
import { recordedHistories, replay } from '../replay.fixture.ts';

describe('the workflow escalation', () => {
  it.each(recordedHistories('escalation'))('replays %s', (file) => replay('escalation', file), 30_000);
});
