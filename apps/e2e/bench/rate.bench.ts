import type { Say } from '#libs/embedded/progress';
import type { SectionResult } from './figures.ts';
import { runHerd } from './herd.bench.ts';
import { startRig } from './rig.start.ts';

const PER_SECOND = 20;
const PEOPLE = 200;
/** Texts leave at an even pace; on their way to the simulator they may come closer together. */
const JITTER = 1.15;

/** Whether a herd keeps to the rate that the account allows, on a Kronus of its own. */
export async function measureRate(say: Say): Promise<SectionResult> {
  const rig = await startRig(say, { settings: { TWILIO_MESSAGES_PER_SECOND: String(PER_SECOND) } });
  try {
    const run = await runHerd(rig, say, PEOPLE);
    return {
      figures: [
        { name: `limit ${PER_SECOND} a second: check-ins`, value: run.perSecond, unit: '/s' },
        {
          name: `limit ${PER_SECOND} a second: most in any second`,
          value: run.mostInASecond,
          unit: '',
          target: { atMost: JITTER * PER_SECOND },
        },
      ],
      details: run,
    };
  } finally {
    await rig.stop();
  }
}
