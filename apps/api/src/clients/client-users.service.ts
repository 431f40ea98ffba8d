import { Injectable } from '@nestjs/common';
import { BulkUser, type BulkUserResult, type CreateUsers } from '#libs/contract/client-users.contract';
import { AppError } from '#libs/domain/errors';
import type { Caller } from '../auth/caller.ts';
import { toFailure } from '../http/failure.ts';
import { UsersService } from '../users/users.service.ts';

/** Creates many accounts at once. */
@Injectable()
export class ClientUsersService {
  constructor(private readonly users: UsersService) {}

  /**
   * Creates each account by itself in the client that the caller acts in, in order, and tells what became of each;
   * asked again, those that were created are refused as taken.
   */
  async createAll(me: Caller, { users, emails }: CreateUsers): Promise<BulkUserResult[]> {
    const results: BulkUserResult[] = [];
    for (const entry of users ?? emails!.map((email) => ({ email }))) {
      results.push(await this.createOne(me, entry));
    }
    return results;
  }

  private async createOne(me: Caller, entry: unknown): Promise<BulkUserResult> {
    const email = emailOf(entry);
    try {
      return { success: true, email, data: await this.users.create(me, parse(entry)) };
    } catch (error) {
      const { status, code, messages } = toFailure(error);
      // Not about this entry: the others would fare no better.
      if (status >= 500 || status === 401) throw error;
      return { success: false, email, errors: messages, error_codes: messages.map(() => code) };
    }
  }
}

function emailOf(entry: unknown): string | null {
  const email = (entry as { email?: unknown } | null)?.email;
  return typeof email === 'string' ? email : null;
}

function parse(entry: unknown): BulkUser {
  const parsed = BulkUser.safeParse(entry);
  if (parsed.success) return parsed.data;
  throw new AppError('validation', [...new Set(parsed.error.issues.map((issue) => issue.message))]);
}
