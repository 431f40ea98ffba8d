import { describe, it } from '@jest/globals';
import { recordedHistories, replay } from '../replay.fixture.ts';

describe('the workflow probe', () => {
  it.each(recordedHistories('probe'))('replays %s', (file) => replay('probe', file), 30_000);
});
