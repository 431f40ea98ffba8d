import { HttpException } from '@nestjs/common';
import {
  ConnectionException,
  DriverException,
  ForeignKeyConstraintViolationException,
  OptimisticLockError,
  UniqueConstraintViolationException,
} from '@mikro-orm/postgresql';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Failure as FailureView } from '#libs/contract/errors';
import { AppError, type ErrorCode } from '#libs/domain/errors';

/** What is answered to a request that failed. */
export interface Failure {
  status: number;
  code: string;
  messages: string[];
}

const STATUS: Record<ErrorCode, number> = {
  validation: 400,
  malformed_json: 400,
  malformed_request: 400,
  unauthenticated: 401,
  token_invalid: 401,
  credentials_invalid: 401,
  forbidden: 403,
  contact_required: 403,
  phone_required: 403,
  not_found: 404,
  method_not_allowed: 405,
  email_taken: 409,
  phone_taken: 409,
  last_emergency_contact: 409,
  conflict: 409,
  too_large: 413,
  not_ready: 503,
};

const CODE_OF_STATUS = new Map<number, ErrorCode>([
  [401, 'unauthenticated'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [405, 'method_not_allowed'],
  [413, 'too_large'],
  [503, 'not_ready'],
]);

/** What a unique constraint protects, in words. */
const TAKEN: Record<string, AppError> = {
  users_email_unique: new AppError('email_taken', "user with the same 'email' already exists"),
  users_phone_number_unique: new AppError('phone_taken', "user with the same 'phone_number' already exists"),
  contacts_email_unique: new AppError('email_taken', "contact with the same 'email' already exists"),
  contacts_phone_number_unique: new AppError(
    'phone_taken',
    "contact with the same 'phone_number' already exists",
  ),
};

// PostgreSQL, appendix A: classes 08 and 57P, and 53 (too many connections, out of resources).
const UNREACHABLE = /^(08|57P|53)|^E(CONN|PIPE|HOST|TIMEDOUT|AI_AGAIN|NOTFOUND)/;

/** Turns anything that was thrown into an answer; a bug shows nothing of itself. */
export function toFailure(error: unknown): Failure {
  if (error instanceof AppError) return ofAppError(error);
  if (error instanceof DriverException || error instanceof OptimisticLockError) return ofDatabase(error);
  const status = error instanceof HttpException ? error.getStatus() : statusOf(error);
  if (status === 413) return of(status, 'too_large', 'the body must have at most 100 KiB');
  if (status === 503) return of(status, 'not_ready', 'the request took too long');
  if (status >= 400 && status < 500) {
    return of(status, CODE_OF_STATUS.get(status) ?? 'malformed_request', (error as Error).message);
  }
  return { status: 500, code: 'internal', messages: ['internal error'] };
}

/** Sends a failure in its envelope. */
export function answerFailure(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, code, messages }: Failure,
): void {
  const body: FailureView = {
    success: false,
    errors: messages,
    error_codes: messages.map(() => code),
    request_id: request.id,
  };
  if (status === 401) reply.header('WWW-Authenticate', 'Bearer');
  void reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(body));
}

const of = (status: number, code: string, message: string): Failure => ({
  status,
  code,
  messages: [message],
});

const ofAppError = ({ code, messages }: AppError): Failure => ({
  status: STATUS[code],
  code,
  messages: [messages].flat(),
});

function ofDatabase(error: DriverException | OptimisticLockError): Failure {
  if (error instanceof OptimisticLockError)
    return of(409, 'conflict', 'it was changed by somebody else meanwhile');
  const taken = TAKEN[(error as { constraint?: string }).constraint ?? ''];
  if (error instanceof UniqueConstraintViolationException) {
    return ofAppError(taken ?? new AppError('conflict', 'it exists already'));
  }
  // The owner was deleted while the request ran.
  if (error instanceof ForeignKeyConstraintViolationException) return of(404, 'not_found', 'user not found');
  if (error instanceof ConnectionException || UNREACHABLE.test(String(error.code))) {
    return of(503, 'not_ready', 'the database can not be reached');
  }
  return { status: 500, code: 'internal', messages: ['internal error'] };
}

function statusOf(error: unknown): number {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : 500;
}
