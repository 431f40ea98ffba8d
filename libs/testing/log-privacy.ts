/** Shapes of what a log must never hold. */
const SHAPES: [string, RegExp][] = [
  ['a phone number', /(?:\+|%2B)\d{8,15}\b/gi],
  ['an e-mail address', /[\w.+-]+(?:@|%40)[\w-]+\.[\w.-]+/gi],
  ['a token', /\beyJ[\w-]{10,}\.[\w-]{10,}/g],
  ['a password', /very-secure/g],
];

/**
 * What a log holds that names or unlocks somebody: nothing, or a finding each. `secrets` are further texts that it must not
 * hold. The password is the one that all tests use.
 */
export function findPrivateInLog(log: string, secrets: Iterable<string> = []): string[] {
  const byShape = SHAPES.flatMap(([kind, shape]) =>
    [...log.matchAll(shape)].map((match) => `the log holds ${kind}: ${lineOf(log, match.index)}`),
  );
  const bySecret = [...secrets]
    .filter((secret) => log.includes(secret))
    .map((secret) => `the log holds a secret: ${lineOf(log, log.indexOf(secret))}`);
  return [...byShape, ...bySecret];
}

function lineOf(log: string, index: number): string {
  const end = log.indexOf('\n', index);
  return log.slice(log.lastIndexOf('\n', index) + 1, end === -1 ? undefined : end);
}
