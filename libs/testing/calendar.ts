/** The date of the `n`th Sunday of a month (1 to 12), when North America changes its clocks. */
export function nthSunday(n: number, month: number, year: number): number {
  const first = new Date(Date.UTC(year, month - 1, 1)).getUTCDay();
  return 1 + ((7 - first) % 7) + (n - 1) * 7;
}
