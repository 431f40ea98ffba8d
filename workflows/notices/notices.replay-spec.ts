import { describe, it } from '@jest/globals';
import { recordedHistories, replay } from '../replay.fixture.ts';

describe('the workflow notices', () => {
  it.each(recordedHistories('notices'))('replays %s', (file) => replay('notices', file), 30_000);
});
