import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { ObjectNotFound } from '#libs/storage/object-store';
import { archiveFault, BackupFault, databaseFault, diskFault, storeFault } from './backup-fault.ts';

const errno = (code: string) => Object.assign(new Error(`${code}: secret`), { code, syscall: 'write' });
const postgres = (state: string, more: Partial<pg.DatabaseError> = {}): pg.DatabaseError =>
  Object.assign(new pg.DatabaseError('value "+4917012345" is secret', 1, 'error'), {
    code: state,
    severity: 'ERROR',
    detail: 'secret',
    ...more,
  });

describe('a failure of PostgreSQL', () => {
  it.each([
    [postgres('53100'), 'no_space'],
    [postgres('42501'), 'refused'],
    [postgres('28P01'), 'refused'],
    [postgres('57P01'), 'database'],
    [postgres('23505', { table: 'users', constraint: 'users_email_unique' }), 'database'],
    [Object.assign(new Error('select secret'), { cause: postgres('23505') }), 'database'],
    [errno('ECONNREFUSED'), 'database'],
    [new Error('Connection terminated unexpectedly'), 'database'],
    [Object.assign(new Error('The operation was aborted'), { name: 'AbortError' }), 'cancelled'],
  ])('%# is told without a value of a row', (error, code) => {
    const fault = databaseFault(error, 'kronus');
    expect(fault).toBeInstanceOf(BackupFault);
    expect(fault).toMatchObject({ code });
    expect(fault.message).not.toMatch(/secret|4917/);
    expect(fault.cause).toBeUndefined();
  });

  it('names table and constraint', () => {
    const error = postgres('23505', { table: 'users', constraint: 'users_email_unique' });
    expect(databaseFault(error, 'kronus').message).toBe(
      'PostgreSQL could not do it on kronus (SQLSTATE 23505, users, users_email_unique).',
    );
  });

  it('is left alone when it is none', () => {
    const error = new TypeError('a mistake of ours');
    expect(databaseFault(error, 'kronus')).toBe(error);
    const fault = archiveFault.truncated('x');
    expect(databaseFault(fault, 'kronus')).toBe(fault);
  });
});

describe('a failure of the disk or the store', () => {
  it.each([
    [diskFault(errno('ENOSPC'), '/scratch'), 'no_space', '/scratch'],
    [diskFault(errno('EDQUOT'), '/scratch'), 'no_space', '/scratch'],
    [diskFault(errno('EACCES'), '/scratch'), 'refused', '/scratch'],
    [storeFault(new ObjectNotFound('x', 'gs://b/p'), 'x', 'gs://b/p'), 'missing', 'gs://b/p'],
    [storeFault(errno('ENOSPC'), 'x', '/backups'), 'no_space', '/backups'],
    [storeFault(errno('ECONNRESET'), 'x', 'gs://b/p'), 'store', 'gs://b/p'],
  ])('%# says where, and what to do', (fault, code, place) => {
    expect(fault.code).toBe(code);
    expect(fault.message).toContain(place);
    expect(fault.message).not.toContain('secret');
    expect(fault.message).toMatch(/^[A-Zx][^\n]*\.$|^\/[^\n]*\.$/);
  });
});
