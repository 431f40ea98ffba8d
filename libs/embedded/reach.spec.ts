import { expect, it } from '@jest/globals';
import { reach } from './reach.ts';

const remote = { name: 'PostgreSQL', address: 'db:5432', setting: 'DATABASE_URL' };

it('waits for a server that is still starting', async () => {
  const said: string[] = [];
  let attempts = 0;
  const attempt = async () => {
    if (++attempts < 2) throw new Error('refused');
    return 'there';
  };
  expect(await reach(remote, attempt, { say: (text) => said.push(text) })).toBe('there');
  expect(said).toEqual(['waiting for db:5432']);
});

it('names the server and its setting when it gives up', async () => {
  const attempt = () => Promise.reject(new Error('password authentication failed for user "x"'));
  await expect(reach(remote, attempt, { say: () => undefined, limitMs: 0 })).rejects.toThrow(
    'PostgreSQL cannot be reached at db:5432; check DATABASE_URL.',
  );
});
