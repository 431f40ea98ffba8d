import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { Login, Token } from './auth.contract.ts';
import { CreateDrill, DrillAnswerView, DrillView } from './drill.contract.ts';
import { ContactView, CreateContact, UpdateContact } from './contact.contract.ts';
import { Done, Failure, pageOf, successOf } from './errors.ts';
import { IntId, Uid } from './ids.ts';
import { JobQuery, JobStats, JobView } from './job.contract.ts';
import { PageQuery, pagingOf } from './paging.ts';
import { CreateCheck, ProbeQuery, ProbeStats, ProbeView } from './probe.contract.ts';
import { PauseChecks, ProbeSettingsView, UpdateProbeSettings } from './probe-settings.contract.ts';
import { CreateUser, UpdateUser, UserView } from './user.contract.ts';

/** Everything that is wrong, sorted; empty when nothing is. */
function errorsOf(schema: z.ZodType, value: unknown): string[] {
  const result = schema.safeParse(value);
  return result.success ? [] : result.error.issues.map(({ message }) => message).sort();
}

const tony = {
  first_name: 'tony',
  last_name: 'stark',
  email: 'stark@avengers.com',
  password: 'very-secure',
  phone_number: '+12345678900',
};
const hulk = {
  first_name: 'strongest',
  last_name: 'avenger',
  phone_number: '+12345678900',
  email: 'hulk@avengers.com',
  is_emergency_contact: true,
};
const emailForm = 'email must be a valid e-mail address of at most 254 characters';
const phoneForm = 'phone_number must be in E.164 form, like +12345678900';
const nameForm = 'first_name must have 1 to 100 characters without control characters';
const passwordForm = 'password must not be empty or contain white space';

describe('CreateUser', () => {
  it('takes all five fields, or the credentials alone', () => {
    expect(CreateUser.parse(tony)).toEqual(tony);
    const { email, password } = tony;
    expect(CreateUser.parse({ email, password })).toEqual({ email, password });
  });

  const all = Object.keys(tony) as (keyof typeof tony)[];
  const subsets = Array.from({ length: 2 ** all.length }, (_, bits) =>
    all.filter((_, bit) => bits & (1 << bit)),
  );
  it.each(subsets.map((given) => [given.join(', ') || 'nothing', given] as const))('given %s', (_, given) => {
    const value = Object.fromEntries(given.map((name) => [name, tony[name]]));
    const isShortForm = given.length === 2 && given.includes('email') && given.includes('password');
    const missing = isShortForm
      ? []
      : all.filter((name) => !given.includes(name)).map((name) => `${name} is required`);
    expect(errorsOf(CreateUser, value)).toEqual(missing.sort());
  });

  it('names what is wrong even beside what is missing', () => {
    expect(errorsOf(CreateUser, { email: 'stark', phone_number: '0123', role_id: 1, id: 7 })).toEqual([
      emailForm,
      'first_name is required',
      'last_name is required',
      'password is required',
      phoneForm,
      'role_id, id are not known fields',
    ]);
  });

  it('never takes null', () => {
    const nulls = Object.fromEntries(Object.keys(tony).map((name) => [name, null]));
    const expected = Object.keys(tony).map((name) => `${name} must be text`);
    expect(errorsOf(CreateUser, nulls)).toEqual(expected.sort());
  });

  it.each([undefined, null, 'text', 5, []])('wants an object, not %j', (value) => {
    expect(errorsOf(CreateUser, value)).toEqual(['the body must be a JSON object']);
  });

  it('trims, and writes e-mail addresses small', () => {
    const padded = {
      ...tony,
      first_name: ' tony\n',
      email: ' Stark@Avengers.COM ',
      phone_number: ' +12345678900 ',
    };
    expect(CreateUser.parse(padded)).toEqual(tony);
  });

  it.each([
    ['email', 'a@b', emailForm],
    ['email', `${'a'.repeat(250)}@b.co`, emailForm],
    ['first_name', '', nameForm],
    ['first_name', '   ', nameForm],
    ['first_name', 'a'.repeat(101), nameForm],
    ['first_name', 'to\u0000ny', nameForm],
    ['first_name', 'to\nny', nameForm],
    ['first_name', '\ud800', nameForm],
    ['first_name', 5, 'first_name must be text'],
    ['phone_number', '12345678900', phoneForm],
    ['phone_number', '+02345678900', phoneForm],
    ['phone_number', '+123456', phoneForm],
    ['phone_number', '+1234567890123456', phoneForm],
    ['phone_number', '+1 234 567 8900', phoneForm],
    ['password', '', passwordForm],
    ['password', 'very secure', passwordForm],
    ['password', ' very-secure', passwordForm],
    ['password', 'a'.repeat(1025), 'password must have at most 1024 bytes'],
    ['password', '€'.repeat(342), 'password must have at most 1024 bytes'],
  ])('refuses %s = %j', (name, value, message) => {
    expect(errorsOf(CreateUser, { ...tony, [name]: value })).toEqual([message]);
  });

  it.each([
    ['email', `${'a'.repeat(249)}@b.co`],
    ['first_name', '🦸'.repeat(100)],
    ['first_name', "Seán O'Brien-Łuczak"],
    ['phone_number', '+1234567'],
    ['phone_number', '+123456789012345'],
    ['password', 'x'],
    ['password', '€'.repeat(341)],
  ])('takes %s at its bounds', (name, value) => {
    expect(errorsOf(CreateUser, { ...tony, [name]: value })).toEqual([]);
  });
});

describe('updates', () => {
  it.each([
    ['UpdateUser', UpdateUser, tony],
    ['UpdateContact', UpdateContact, hulk],
    [
      'UpdateProbeSettings',
      UpdateProbeSettings,
      { active: true, cron_expression: '0 18 * * 3', max_retries: 0 },
    ],
  ])('%s takes any field alone, and needs one', (_, schema: z.ZodType, full: object) => {
    for (const [name, value] of Object.entries(full)) expect(errorsOf(schema, { [name]: value })).toEqual([]);
    expect(errorsOf(schema, {})).toEqual(['valid fields required']);
    expect(errorsOf(schema, { role_id: 1 })).toEqual([
      'role_id is not a known field',
      'valid fields required',
    ]);
    for (const name of Object.keys(full)) expect(errorsOf(schema, { [name]: null })).toHaveLength(1);
  });
});

describe('contacts', () => {
  it('need everything but the flag', () => {
    expect(CreateContact.parse(hulk)).toEqual(hulk);
    const { is_emergency_contact: _, ...unflagged } = hulk;
    expect(CreateContact.parse(unflagged)).toEqual({ ...unflagged, is_emergency_contact: false });
    expect(errorsOf(CreateContact, {})).toEqual(
      ['first_name', 'last_name', 'phone_number', 'email'].map((name) => `${name} is required`).sort(),
    );
  });

  it.each(['true', 1, null])('refuse %j as the flag', (flag) => {
    const message = 'is_emergency_contact must be true or false';
    expect(errorsOf(CreateContact, { ...hulk, is_emergency_contact: flag })).toEqual([message]);
    expect(errorsOf(UpdateContact, { is_emergency_contact: flag })).toEqual([message]);
  });
});

describe('probe settings', () => {
  it.each(['0 18 * * */1', '0 18 * * 3', '*/5 8-18 * * 1-5'])('take the schedule %s', (expression) => {
    expect(errorsOf(UpdateProbeSettings, { cron_expression: expression })).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ['cron_expression', '99 * * * *', 'cron_expression must be a cron expression of five fields'],
    ['cron_expression', '* * * * * *', 'cron_expression must be a cron expression of five fields'],
    ['cron_expression', '@daily', 'cron_expression must be a cron expression of five fields'],
    ['cron_expression', 5, 'cron_expression must be text'],
    ['active', 'yes', 'active must be true or false'],
    ['max_retries', -1, 'max_retries must be a whole number from 0 to 6'],
    ['max_retries', 7, 'max_retries must be a whole number from 0 to 6'],
    ['max_retries', 2.5, 'max_retries must be a whole number from 0 to 6'],
    ['max_retries', '3', 'max_retries must be a whole number from 0 to 6'],
    ['max_retries', Number.NaN, 'max_retries must be a whole number from 0 to 6'],
    ['wait_time_in_minutes', 4, 'wait_time_in_minutes must be a whole number from 5 to 120'],
    ['wait_time_in_minutes', 121, 'wait_time_in_minutes must be a whole number from 5 to 120'],
    ['wait_time_in_minutes', 1e300, 'wait_time_in_minutes must be a whole number from 5 to 120'],
  ])('refuse %s = %j', (name, value, message) => {
    expect(errorsOf(UpdateProbeSettings, { [name]: value })).toEqual([expect.stringContaining(message)]);
  });

  it.each([
    ['max_retries', 0],
    ['max_retries', 6],
    ['wait_time_in_minutes', 5],
    ['wait_time_in_minutes', 120],
  ])('take %s = %d', (name, value) => {
    expect(errorsOf(UpdateProbeSettings, { [name]: value })).toEqual([]);
  });
});

describe('quiet hours', () => {
  const together =
    'quiet_hours_from and quiet_hours_to must be given together, both as times or both as null';
  it.each([
    ['22:00', '07:00'],
    ['00:00', '23:59'],
    [null, null],
    [' 13:00 ', '15:00'],
  ])('from %j to %j are taken', (from, to) => {
    expect(errorsOf(UpdateProbeSettings, { quiet_hours_from: from, quiet_hours_to: to })).toEqual([]);
  });

  it.each<[unknown, unknown, string[]]>([
    ['22:00', undefined, [together]],
    [undefined, '07:00', [together]],
    ['22:00', null, [together]],
    [null, '07:00', [together]],
    [null, undefined, [together]],
    ['07:00', '07:00', ['quiet_hours_from and quiet_hours_to must differ']],
    ['24:00', '07:00', ['quiet_hours_from must be a time of day, like 22:00']],
    ['22:00', '7:00', ['quiet_hours_to must be a time of day, like 22:00']],
    [22, '07:00', ['quiet_hours_from must be text']],
    ['', '', ['from', 'to'].map((end) => `quiet_hours_${end} must be a time of day, like 22:00`)],
  ])('from %j to %j are refused', (from, to, errors) => {
    const body = { quiet_hours_from: from, quiet_hours_to: to };
    expect(errorsOf(UpdateProbeSettings, body)).toEqual(expect.arrayContaining(errors));
  });
});

describe('time zones', () => {
  it.each(['America/Toronto', ' Asia/Tokyo ', 'UTC', null])('%j is taken', (zone) => {
    expect(errorsOf(UpdateProbeSettings, { time_zone: zone })).toEqual([]);
  });

  it.each(['America/Atlantis', '+05:00', '', 'Toronto', 'a'.repeat(2_000)])('%j is refused', (zone) => {
    expect(errorsOf(UpdateProbeSettings, { time_zone: zone })).toEqual([
      'time_zone must be the name of a time zone, like America/Toronto',
    ]);
  });
});

describe('PauseChecks', () => {
  it.each(['2026-12-02T18:00:00-05:00', '2026-12-02T18:00:00.5Z', '2028-02-29T00:00:00+14:00'])(
    'takes %s',
    (until) => expect(PauseChecks.parse({ until })).toEqual({ until }),
  );

  it.each([
    '2026-12-02',
    '2026-12-02T18:00:00',
    '2027-02-29T00:00:00Z',
    '2026-12-02T25:00:00Z',
    'tomorrow',
    '',
    null,
    1_764_000_000,
  ])('refuses %j', (until) => {
    expect(errorsOf(PauseChecks, { until })).toEqual([
      'until must be a moment, like 2026-12-02T18:00:00-05:00',
    ]);
  });

  it('needs it and nothing else', () => {
    expect(errorsOf(PauseChecks, {})).toEqual(['until is required']);
    expect(errorsOf(PauseChecks, { until: '2026-12-02T18:00:00Z', for: 'ever' })).toEqual([
      'for is not a known field',
    ]);
  });
});

describe('CreateCheck', () => {
  it('has defaults for everything, even without a body', () => {
    const defaults = { in_minutes: 5, max_retries: 3, wait_time_in_minutes: 10 };
    expect(CreateCheck.parse({})).toEqual(defaults);
    expect(CreateCheck.parse(undefined)).toEqual(defaults);
  });

  it.each([0, 1441, 1.5, '5', null])('refuses in_minutes = %j', (value) => {
    expect(errorsOf(CreateCheck, { in_minutes: value })).toEqual([
      'in_minutes must be a whole number from 1 to 1440',
    ]);
  });

  it('reports everything at once', () => {
    const wrong = { in_minutes: 0, max_retries: 7, wait_time_in_minutes: 4, now: true };
    expect(errorsOf(CreateCheck, wrong)).toHaveLength(4);
  });
});

describe('queries', () => {
  it.each([
    [{}, 1],
    [{ page: '0' }, 1],
    [{ page: '' }, 1],
    [{ page: 'x' }, 1],
    [{ page: '-3' }, 1],
    [{ page: '1.5' }, 1],
    [{ page: '1e99' }, 1],
    [{ page: ['2', '3'] }, 1],
    [{ page: '2' }, 2],
  ])('page of %j is %d', (value, page) => {
    expect(PageQuery.parse(value)).toEqual({ page, limit: 100 });
  });

  it.each(['0', '101', 'x', '', '1.5'])('limit %j is refused', (limit) => {
    expect(errorsOf(PageQuery, { limit })).toEqual(['limit must be a whole number from 1 to 100']);
  });

  it('limit may be 1 to 100', () => {
    expect(PageQuery.parse({ limit: '1' }).limit).toBe(1);
    expect(PageQuery.parse({ limit: '100' }).limit).toBe(100);
  });

  it('unknown names are told', () => {
    expect(errorsOf(PageQuery, { pag: '2' })).toEqual(['pag is not a known field']);
  });

  it('paging counts at least one page', () => {
    expect(pagingOf(0, { page: 1, limit: 100 })).toEqual({ total: 0, page: 1, pages: 1 });
    expect(pagingOf(100, { page: 1, limit: 100 })).toEqual({ total: 100, page: 1, pages: 1 });
    expect(pagingOf(101, { page: 2, limit: 100 })).toEqual({ total: 101, page: 2, pages: 2 });
  });

  const probes = "a valid 'status' param is required i.e. pending, good, bad, cancelled, or unavailable";
  const jobs =
    "a valid 'status' param is required i.e. enqueued, scheduled, in-progress, successful, or dead";
  it.each<[string, z.ZodType<{ status?: string }>, string[], string]>([
    ['probes', ProbeQuery, ['pending', 'good', 'bad', 'cancelled', 'unavailable'], probes],
    ['jobs', JobQuery, ['enqueued', 'scheduled', 'in-progress', 'successful', 'dead'], jobs],
  ])('status of %s is one of the known, in any case, or all', (_, schema, statuses, message) => {
    for (const status of statuses) expect(schema.parse({ status: status.toUpperCase() }).status).toBe(status);
    expect(schema.parse({}).status).toBeUndefined();
    expect(schema.parse({ status: '' }).status).toBeUndefined();
    for (const status of ['lost', 'constructor', '__proto__']) {
      expect(errorsOf(schema, { status })).toEqual([message]);
    }
    expect(errorsOf(schema, { status: ['good', 'bad'] })).toEqual([message]);
  });

  it('the status of a job may also be said in the words of response jobs', () => {
    const words = ['queued', 'Running', 'Succeeded', 'Failed', 'TimedOut', 'Stopped'];
    expect(words.map((status) => JobQuery.parse({ status }).status)).toEqual([
      'enqueued',
      'in-progress',
      'successful',
      'dead',
      'dead',
      'dead',
    ]);
  });
});

describe('ids in paths', () => {
  const uuid = '7b0e3f0c-6d4c-4f0e-9a35-1d2f3a4b5c6d';
  it('are an integer or a UUID', () => {
    expect(Uid.parse('1')).toEqual({ id: 1 });
    expect(Uid.parse('2147483647')).toEqual({ id: 2_147_483_647 });
    expect(Uid.parse(uuid.toUpperCase())).toEqual({ uuid });
    expect(IntId.parse('42')).toBe(42);
  });

  it.each(['', '0', '-1', '1.0', '2147483648', '99999999999', 'abc', '1 ', uuid.slice(1), `${uuid}0`])(
    'are not %j',
    (text) => {
      expect(errorsOf(Uid, text)).toEqual(['Invalid id syntax']);
      expect(errorsOf(IntId, text)).toEqual(['Invalid id syntax']);
    },
  );
});

describe('Login', () => {
  it('needs both halves and judges neither', () => {
    expect(Login.parse({ email: ' Stark@Avengers.com', password: 'very secure' })).toEqual({
      email: 'stark@avengers.com',
      password: 'very secure',
    });
    expect(errorsOf(Login, {})).toEqual(['email is required', 'password is required']);
    expect(errorsOf(Login, { email: '', password: '' })).toEqual([
      'email is required',
      'password is required',
    ]);
    expect(errorsOf(Login, { email: 1, password: null })).toEqual([
      'email must be text',
      'password must be text',
    ]);
  });
});

describe('OpenAPI', () => {
  const bodies: z.ZodType[] = [
    CreateUser,
    UpdateUser,
    CreateContact,
    UpdateContact,
    UpdateProbeSettings,
    PauseChecks,
    CreateCheck,
    CreateDrill,
    Login,
  ];
  const queries: z.ZodType[] = [PageQuery, ProbeQuery, JobQuery];
  const views: z.ZodType[] = [
    UserView,
    ContactView,
    ProbeSettingsView,
    ProbeView,
    ProbeStats,
    DrillView,
    DrillAnswerView,
    JobView,
    JobStats,
    Token,
    Failure,
    Done,
  ];

  it('knows every schema by name and description', () => {
    const all = [...bodies, ...queries, ...views];
    const ids = all.map((schema) => schema.meta()?.id);
    expect(new Set(ids).size).toBe(all.length);
    for (const schema of all)
      expect(schema.meta()).toMatchObject({ id: expect.any(String), description: expect.any(String) });
  });

  it('can show every schema', () => {
    for (const schema of [...bodies, ...queries]) {
      expect(JSON.stringify(z.toJSONSchema(schema, { io: 'input' }))).toContain(
        '"additionalProperties":false',
      );
    }
    for (const schema of [...views, successOf(UserView), pageOf(UserView)]) {
      expect(z.toJSONSchema(schema)).toBeDefined();
    }
  });

  it('has examples that are valid', () => {
    for (const schema of [...bodies, Failure, Token]) {
      const examples = schema.meta()?.examples as unknown[];
      expect(examples.length).toBeGreaterThan(0);
      for (const example of examples)
        expect([schema.meta()?.id, errorsOf(schema, example)]).toEqual([schema.meta()?.id, []]);
    }
  });
});
