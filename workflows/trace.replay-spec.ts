import { describe, it } from '@jest/globals';
import { recordedHistories, replay } from './replay.fixture.ts';

const histories = ['drill', 'escalation', 'notices', 'probe', 'reconcile'].flatMap((folder) =>
  recordedHistories(folder).map((file) => [folder, file] as const),
);

describe('workflows that are traced', () => {
  it.each(histories)(
    'replay %s/%s, which was not',
    (folder, file) => replay(folder, file, { isTraced: true }),
    30_000,
  );
});
