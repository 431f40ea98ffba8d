import type { EntityManager } from '@mikro-orm/postgresql';
import type { DrillAnswerView, DrillView } from '#libs/contract/drill.contract';
import type { Drill } from '#libs/db/entities/drill.entity';
import type { MessageKind } from '#libs/db/entities/message.entity';
import type { DeliveryStatus } from '#libs/domain/delivery';
import { toTime, toTimeOrNull } from '../http/time.ts';

/** One question of a drill, with what became of its message; times of raw rows arrive as text. */
export interface QuestionRow {
  drill_id: number;
  kind: MessageKind;
  contact_id: number | null;
  status: DeliveryStatus;
  error_code: number | null;
  accepted_at: string | null;
  answered_at: string | null;
}

/** The questions of several drills in one query, oldest first, by drill. */
export async function loadQuestions(em: EntityManager, drills: Drill[]): Promise<Map<number, QuestionRow[]>> {
  if (drills.length === 0) return new Map();
  const rows = await em.execute<QuestionRow[]>(
    `select m.drill_id, m.kind, a.contact_id, m.status, m.error_code, m.accepted_at, a.answered_at
     from messages m left join drill_answers a on a.message_id = m.id
     where m.drill_id = any(?::int[]) and m.kind in ('drill_question', 'drill_alert') order by m.id`,
    [`{${drills.map((drill) => drill.id).join(',')}}`],
  );
  return Map.groupBy(rows, (row) => row.drill_id);
}

/** A drill with what became of its questions, as the API shows it. */
export function toDrillView(drill: Drill, questions: QuestionRow[] = []): DrillView {
  const person = questions.find((row) => row.kind === 'drill_question');
  return {
    id: drill.id,
    user_id: drill.userId,
    status: drill.status,
    reason: drill.reason ?? null,
    wait_time_in_minutes: drill.waitTimeInMinutes,
    started_at: toTime(drill.startedAt),
    ended_at: toTimeOrNull(drill.endedAt),
    person_answered_at: toTimeOrNull(drill.personAnsweredAt),
    person_delivery_status: person?.status ?? null,
    person_error_code: person?.error_code ?? null,
    answers: questions.filter((row) => row.kind === 'drill_alert').map(toAnswerView),
  };
}

const toAnswerView = (row: QuestionRow): DrillAnswerView => ({
  contact_id: row.contact_id,
  asked_at: toTimeOrNull(row.accepted_at),
  delivery_status: row.status,
  error_code: row.error_code,
  answered_at: toTimeOrNull(row.answered_at),
});
