/** A one-off check as a person asks for it by text. */
export interface CheckOrder {
  inMinutes: number;
  maxRetries: number;
  waitMinutes: number;
}

/** What a text from a watched person asks of Kronus; `none` when it is no command. */
export type SmsCommand =
  | { do: 'none' }
  | { do: 'answer'; text: string }
  | { do: 'check'; order: CheckOrder }
  | { do: 'pause'; hours: number }
  | { do: 'resume' };

/** The bounds of a one-off check, the same by text as over the API. Minutes, follow-ups, minutes. */
export const CHECK_LIMITS = {
  inMinutes: { min: 1, max: 1440, default: 5 },
  maxRetries: { min: 0, max: 6, default: 3 },
  waitMinutes: { min: 5, max: 120, default: 10 },
} as const;

const USAGE = [
  'Usage:',
  '[command]',
  '',
  'Available Commands:',
  '  usage   List available commands',
  '  probe   Ask kronus to check on you in a couple minutes',
  '  pause   Pause your scheduled check-ins',
  '  resume  Resume your scheduled check-ins',
  '  ping    Health check for the server',
  '',
  'Use "[command] --help" for more information about a command.',
].join('\n');

const PROBE_USAGE = [
  'Usage of probe:',
  '  -in int',
  '    Minutes from now to check on you (default 5)',
  '  -retries int',
  '    No. of retries if no response (default 3)',
  '  -wait int',
  '    No. of minutes to wait for your response (default 10)',
].join('\n');

const PAUSE_USAGE = [
  'Usage of pause:',
  '  pause 12h, pause 3d or pause 2w',
  '    Hours, days or weeks without scheduled check-ins (default 24h, at most 365d)',
].join('\n');

const HOURS_OF_UNIT: Record<string, number> = { h: 1, d: 24, w: 7 * 24 };
const DEFAULT_PAUSE_HOURS = 24;
const MAX_PAUSE_HOURS = 365 * 24;

const FLAGS: Record<string, keyof CheckOrder> = {
  in: 'inMinutes',
  retries: 'maxRetries',
  wait: 'waitMinutes',
};
const isHelp = (word: string | undefined) => word === '-h' || word === '--help' || word === '-help';

const COMMANDS: Record<string, (args: string[]) => SmsCommand> = {
  ping: ([arg]) => ({ do: 'answer', text: isHelp(arg) ? 'Usage of ping:' : 'PONG!' }),
  usage: () => ({ do: 'answer', text: USAGE }),
  probe: readProbe,
  pause: readPause,
  resume: ([arg]) => (isHelp(arg) ? { do: 'answer', text: 'Usage of resume:' } : { do: 'resume' }),
};

/** The first words of all commands, in lower case. None may be a word that the provider itself acts on. */
export const COMMAND_NAMES: readonly string[] = Object.keys(COMMANDS);

/** Reads a text as a command: the first word, in any case, names it. Never throws; a bad flag is answered with the usage. */
export function readCommand(body: string): SmsCommand {
  const [word = '', ...args] = body.trim().split(/\s+/);
  const name = word.toLowerCase();
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name]!(args) : { do: 'none' };
}

function readProbe(args: string[]): SmsCommand {
  const order: CheckOrder = {
    inMinutes: CHECK_LIMITS.inMinutes.default,
    maxRetries: CHECK_LIMITS.maxRetries.default,
    waitMinutes: CHECK_LIMITS.waitMinutes.default,
  };
  const refuse = (fault: string): SmsCommand => ({ do: 'answer', text: `${fault}\n${PROBE_USAGE}` });

  const words = args.flatMap((word) => (/^--?[a-z]+=/i.test(word) ? splitOnce(word) : [word]));
  while (words.length > 0) {
    const word = words.shift()!.toLowerCase();
    if (isHelp(word)) return { do: 'answer', text: PROBE_USAGE };
    const flag = FLAGS[word.replace(/^--?/, '')];
    if (!word.startsWith('-') || !flag) return refuse(`flag provided but not defined: ${word.slice(0, 20)}`);
    const value = words.shift();
    if (value === undefined) return refuse(`flag needs an argument: ${word}`);
    const { min, max } = CHECK_LIMITS[flag];
    const isNumber = /^\d{1,6}$/.test(value);
    if (!isNumber) return refuse(`invalid value "${value.slice(0, 20)}" for flag ${word}: parse error`);
    if (Number(value) < min || Number(value) > max) return refuse(`${word} must be from ${min} to ${max}`);
    order[flag] = Number(value);
  }
  return { do: 'check', order };
}

function readPause(args: string[]): SmsCommand {
  const refuse = (fault: string): SmsCommand => ({ do: 'answer', text: `${fault}\n${PAUSE_USAGE}` });
  const value = args.join('').toLowerCase();
  if (value === '') return { do: 'pause', hours: DEFAULT_PAUSE_HOURS };
  if (isHelp(args[0])) return { do: 'answer', text: PAUSE_USAGE };
  const [, count, unit] = /^(\d{1,6})(h|d|w)$/.exec(value) ?? [];
  if (!count || !unit) return refuse(`invalid value "${value.slice(0, 20)}" for a time`);
  const hours = Number(count) * HOURS_OF_UNIT[unit]!;
  if (hours < 1 || hours > MAX_PAUSE_HOURS) return refuse('the time must be from 1h to 365d');
  return { do: 'pause', hours };
}

function splitOnce(word: string): [string, string] {
  const at = word.indexOf('=');
  return [word.slice(0, at), word.slice(at + 1)];
}
