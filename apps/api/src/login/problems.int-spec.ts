import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createUser, TEST_PASSWORD } from '#libs/testing/factories/user.factory';
import { TestApi, type Answer } from '../api.fixture.ts';
import { Browser } from './browser.fixture.ts';

const PATHS = ['/login/form', '/login/forgot', '/login/reset', '/login/change'];

let api: TestApi;
let browser: Browser;
beforeAll(async () => {
  api = await TestApi.start({ KRONUS_LIMITS_ENABLED: 'true', KRONUS_LIMITS_PER_SECOND: '1000' });
  browser = new Browser(api);
});
afterAll(() => api.stop());

const pageOf = ({ status, headers, text }: Answer) => [
  status,
  headers['content-type'],
  /<h1>([^<]+)<\/h1>\n<div role="alert" id="fault"><p>([^<]+)/.exec(text)?.slice(1),
];
const problem = (status: number, message: unknown) => [
  status,
  'text/html; charset=utf-8',
  ['This did not work', message],
];
const openForm = () => browser.get('/login');
/** Posts the same fields to each page. */
async function postTo(path: string, fields: Record<string, string>): Promise<Answer> {
  const page = await openForm();
  return browser.submit(
    { ...page, text: page.text.replace('action="/login/form"', `action="${path}"`) },
    fields,
  );
}

describe('somebody with a browser is told on a page', () => {
  it.each(PATHS)('that there is nothing below %s', async (path) => {
    expect(pageOf(await browser.get(`${path}/nowhere`))).toEqual(problem(404, 'There is no such page.'));
    const program = await api.call('GET', `${path}/nowhere`);
    expect([program.status, program.body.error_codes]).toEqual([404, ['not_found']]);
  });

  it('that the database is away', async () => {
    const { email } = await createUser(api.em());
    const url = new URL(api.databaseUrl);
    const name = url.pathname.slice(1);
    const admin = new pg.Client({ connectionString: new URL('/postgres', url).href });
    await admin.connect();
    try {
      await admin.query(`alter database "${name}" allow_connections false`);
      await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = $1`, [name]);
      const fields = { email, password: TEST_PASSWORD, new_password: 'x', code: '12345678' };
      for (const path of PATHS) {
        const answer = await postTo(path, fields);
        expect([path, ...pageOf(answer)]).toEqual([
          path,
          ...problem(503, 'Kronus does not answer at the moment. Please try again in a minute.'),
        ]);
      }
    } finally {
      await admin.query(`alter database "${name}" allow_connections true`);
      await admin.end();
    }
  });

  it.each(PATHS)('that there were too many tries at %s', async (path) => {
    const { email } = await createUser(api.em());
    const fields = { email, password: 'wrong', new_password: 'x', code: '1' };
    const answers: Answer[] = [];
    for (let each = 0; each < 6; each++) answers.push(await postTo(path, fields));
    expect(answers.slice(0, 5).map(({ status }) => status)).toEqual(
      Array(5).fill(path === '/login/forgot' ? 200 : 401),
    );
    expect(pageOf(answers[5]!)).toEqual(
      problem(429, expect.stringMatching(/^Too many requests: try again in \d+ s\.$/)),
    );
    expect(Number(answers[5]!.headers['retry-after'])).toBeGreaterThan(0);
  });
});
