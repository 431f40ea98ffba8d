import { Injectable } from '@nestjs/common';
import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import type { TimelineEntry } from '#libs/contract/timeline.contract';
import { EmergencyProbe } from '#libs/db/entities/emergency-probe.entity';
import type { Probe } from '#libs/db/entities/probe.entity';
import { messagesOfProbe, textsOfProbe } from '#libs/db/queries/message-log';
import { timelineOf, type AcknowledgementRecord, type CheckRecord } from '#libs/domain/timeline';
import type { Caller } from '../auth/caller.ts';
import { findProbe, type ProbePath } from './probe.lookup.ts';
import { toTimelineEntry } from './timeline.view.ts';

/** Tells the story of a check: every decision and every text about it, in order. */
@Injectable()
export class TimelineService {
  constructor(private readonly orm: MikroORM) {}

  /** The story of one probe within the caller's reach, oldest first; what texts say is shown to the person only. @throws AppError not_found */
  async get(me: Caller, path: ProbePath): Promise<TimelineEntry[]> {
    const em = this.orm.em.fork();
    const probe = await findProbe(em, me, path);
    const moments = timelineOf({
      check: toCheckRecord(probe),
      messages: await messagesOfProbe(em, probe.id),
      texts: await textsOfProbe(em, probe.id),
      acknowledgements: await acknowledgementsOf(em, probe.id),
    });
    return moments.map((moment) => toTimelineEntry(moment, probe.userId === me.id));
  }
}

const toCheckRecord = (probe: Probe): CheckRecord => ({
  status: probe.status,
  reason: probe.reason ?? null,
  maxRetries: probe.maxRetries,
  createdAt: probe.createdAt,
  decidedAt: probe.decidedAt ?? null,
  switchedOffAt: probe.switchedOffAt ?? null,
  allClearAt: probe.allClearAt ?? null,
  escalationEndedAt: probe.escalationEndedAt ?? null,
});

async function acknowledgementsOf(em: EntityManager, probeId: number): Promise<AcknowledgementRecord[]> {
  const asked = await em.find(
    EmergencyProbe,
    { probeId, acknowledgedAt: { $ne: null } },
    { orderBy: { id: 'asc' } },
  );
  return asked.map(({ contactId, acknowledgedAt }) => ({
    contactId: contactId ?? null,
    acknowledgedAt: acknowledgedAt!,
  }));
}
