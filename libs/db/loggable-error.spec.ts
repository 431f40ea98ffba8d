import { describe, expect, it } from '@jest/globals';
import { UniqueConstraintViolationException, ValidationError } from '@mikro-orm/postgresql';
import { withoutValues } from './loggable-error.ts';

const quote = `insert into "users" ("phone_number") values ('+15551000001')`;
const refused = () =>
  new UniqueConstraintViolationException(
    Object.assign(new Error(quote), { code: '23505', constraint: 'users_phone_unique' }),
  );
const everything = (error: unknown) => {
  const { name, message, stack, cause, ...rest } = error as Error;
  return JSON.stringify({ name, message, stack, cause: String(cause), ...rest });
};

describe('an error that others may keep', () => {
  it('is named after what the database refused, with its code and constraint', () => {
    const bare = withoutValues(refused()) as Error;
    expect([bare.name, bare.message]).toEqual([
      'UniqueConstraintViolationException',
      'the database did not take it (23505, users_phone_unique)',
    ]);
    expect(everything(bare)).not.toContain('+1555');
  });

  it.each([
    ['the mapper', new ValidationError(quote), 'the database did not take it'],
    [
      'PostgreSQL itself',
      Object.assign(new Error(quote), { severity: 'ERROR', code: '23502', routine: 'ExecConstraints' }),
      'the database did not take it (23502)',
    ],
  ])('holds nothing of what %s quotes', (_, error, message) => {
    const bare = withoutValues(error) as Error;
    expect(bare.message).toBe(message);
    expect(everything(bare)).not.toContain('+1555');
  });

  it('holds nothing of its cause either', () => {
    const outer = new Error('3 signals could not be delivered', { cause: refused() });
    expect(withoutValues(outer)).toBe(outer);
    expect((outer.cause as Error).message).toBe('the database did not take it (23505, users_phone_unique)');
  });

  it('is what it was when it quotes nothing', () => {
    const error = new RangeError('the cron expression never ticks');
    expect(withoutValues(error)).toBe(error);
    expect(withoutValues('thrown as it is')).toBe('thrown as it is');
  });
});
