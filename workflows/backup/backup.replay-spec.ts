import { describe, it } from '@jest/globals';
import { recordedHistories, replay } from '../replay.fixture.ts';

describe('the workflow backup', () => {
  it.each(recordedHistories('backup'))('replays %s', (file) => replay('backup', file), 30_000);
});
