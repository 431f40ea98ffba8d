import { describe, it } from '@jest/globals';
import { recordedHistories, replay } from '../replay.fixture.ts';

describe('the workflow drill', () => {
  it.each(recordedHistories('drill'))('replays %s', (file) => replay('drill', file), 30_000);
});
