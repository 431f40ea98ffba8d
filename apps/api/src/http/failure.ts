import { HttpException } from '@nestjs/common';
import {
  DriverException,
  ForeignKeyConstraintViolationException,
  OptimisticLockError,
  UniqueConstraintViolationException,
} from '@mikro-orm/postgresql';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Failure as FailureView } from '#libs/contract/errors';
import { AppError, type ErrorCode } from '#libs/domain/errors';
import { sendPage } from '../pages/page.ts';
import { isForPeople, problemPage, sentencesOf } from '../pages/problem.page.ts';
import { pathOf } from './request-log.ts';

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
  api_key_invalid: 401,
  credentials_invalid: 401,
  code_invalid: 401,
  password_change_required: 403,
  forbidden: 403,
  contact_required: 403,
  phone_required: 403,
  opted_out: 409,
  not_found: 404,
  method_not_allowed: 405,
  email_taken: 409,
  phone_taken: 409,
  name_taken: 409,
  secrets_key_missing: 409,
  last_emergency_contact: 409,
  conflict: 409,
  too_large: 413,
  rate_limited: 429,
  not_ready: 503,
};

const CODE_OF_STATUS = new Map<number, ErrorCode>([
  [401, 'unauthenticated'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [405, 'method_not_allowed'],
  [413, 'too_large'],
  [429, 'rate_limited'],
  [503, 'not_ready'],
]);

/** What a unique constraint protects, in words. */
const TAKEN: Record<string, AppError> = {
  users_email_unique: new AppError('email_taken', "user with the same 'email' already exists"),
  users_phone_number_unique: new AppError('phone_taken', "user with the same 'phone_number' already exists"),
  clients_name_key: new AppError('name_taken', "client with the same 'name' already exists"),
  contacts_email_unique: new AppError('email_taken', "contact with the same 'email' already exists"),
  contacts_phone_number_unique: new AppError(
    'phone_taken',
    "contact with the same 'phone_number' already exists",
  ),
};

// PostgreSQL, appendix A: connection lost (08), refused (28, 3D000, 55000), out of resources (53), shutting down (57P);
// the rest are the system's own codes.
const UNREACHABLE_CODE =
  /^(08|28|53|57P|3D000$|55000$)|^(ECONN|EPIPE|EHOST|ENET|ETIMEDOUT|EAI_AGAIN|ENOTFOUND)/;
// The client's own words, which carry no code.
const UNREACHABLE_MESSAGE = /^(Connection terminated|timeout exceeded when trying to connect)/;

/** Turns anything that was thrown into an answer; a bug shows nothing of itself. */
export function toFailure(error: unknown): Failure {
  if (error instanceof AppError) return ofAppError(error);
  if (isUnreachable(error)) return of(503, 'not_ready', 'the database can not be reached');
  if (error instanceof DriverException || error instanceof OptimisticLockError) return ofDatabase(error);
  const status = error instanceof HttpException ? error.getStatus() : statusOf(error);
  if (status === 413) return of(status, 'too_large', 'the body must have at most 100 KiB');
  if (status === 503) return of(status, 'not_ready', 'the request took too long');
  if (status >= 400 && status < 500) {
    return of(status, CODE_OF_STATUS.get(status) ?? 'malformed_request', (error as Error).message);
  }
  return { status: 500, code: 'internal', messages: ['internal error'] };
}

/** A failure in its envelope. */
export const toFailureView = ({ code, messages }: Failure, requestId: string): FailureView => ({
  success: false,
  errors: messages,
  error_codes: messages.map(() => code),
  request_id: requestId,
});

/** Sends a failure: on a page to who is reading pages, else in its envelope. */
export function answerFailure(request: FastifyRequest, reply: FastifyReply, failure: Failure): void {
  if (isForPeople(pathOf(request.url), request.headers.accept)) {
    const { id: requestId } = request;
    const sentences = sentencesOf(failure.code, failure.messages);
    return sendPage(reply, { page: problemPage(failure.status, sentences, { requestId }) });
  }
  if (failure.status === 401) reply.header('WWW-Authenticate', 'Bearer');
  void reply
    .code(failure.status)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(toFailureView(failure, request.id)));
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
  return { status: 500, code: 'internal', messages: ['internal error'] };
}

function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    UNREACHABLE_CODE.test(String((error as { code?: unknown }).code)) ||
    UNREACHABLE_MESSAGE.test(error.message)
  );
}

function statusOf(error: unknown): number {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : 500;
}
