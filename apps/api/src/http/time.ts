/** A moment as rows hold it: a `Date` in entities, PostgreSQL's text in plain SQL. */
export type Moment = Date | string;

/** A moment as a `Date`, if it is one. */
export const toDate = (moment: Moment | null | undefined): Date | null =>
  typeof moment === 'string' ? new Date(moment) : (moment ?? null);

/** A moment in RFC 3339, UTC. */
export const toTime = (moment: Moment): string =>
  (typeof moment === 'string' ? new Date(moment) : moment).toISOString();

/** The same for one that may not have come. */
export const toTimeOrNull = (moment: Moment | null | undefined): string | null =>
  moment === null || moment === undefined ? null : toTime(moment);
