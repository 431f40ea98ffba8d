import { describe, it } from '@jest/globals';
import { recordedHistories, replay } from '../replay.fixture.ts';

describe('the workflow reconcile', () => {
  it.each(recordedHistories('reconcile'))('replays %s', (file) => replay('reconcile', file), 30_000);
});
