/** A moment as people say it, on the wall clock of `timeZone`: `Wed 2 Dec 18:00`; with the year when it is not this one. */
export function sayMoment(moment: Date, timeZone: string, now: Date): string {
  const { weekday, day, month, year, hour, minute } = partsOf(moment, timeZone);
  const date = [weekday, day, month, ...(year === partsOf(now, timeZone).year ? [] : [year])];
  return `${date.join(' ')} ${hour}:${minute}`;
}

function partsOf(moment: Date, timeZone: string): Record<string, string> {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, value]));
}
