import { describe, it } from '@jest/globals';
import { recordedHistories, replay } from '../replay.fixture.ts';

describe('the workflow backupDrill', () => {
  it.each(recordedHistories('backup-drill'))('replays %s', (file) => replay('backup-drill', file), 30_000);
});
