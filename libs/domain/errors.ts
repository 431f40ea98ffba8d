/** Every way in which a request can be refused; `apps/api` maps each to one status code, exhaustively. */
export type ErrorCode =
  | 'validation'
  | 'malformed_json'
  | 'malformed_request'
  | 'unauthenticated'
  | 'token_invalid'
  | 'api_key_invalid'
  | 'credentials_invalid'
  | 'code_invalid'
  | 'password_change_required'
  | 'forbidden'
  | 'contact_required'
  | 'phone_required'
  | 'opted_out'
  | 'not_found'
  | 'method_not_allowed'
  | 'email_taken'
  | 'phone_taken'
  | 'name_taken'
  | 'secrets_key_missing'
  | 'last_emergency_contact'
  | 'conflict'
  | 'too_large'
  | 'rate_limited'
  | 'not_ready';

/** A refusal that the caller can act on: a code for programs and one or more sentences for people. */
export class AppError extends Error {
  constructor(
    readonly code: ErrorCode,
    readonly messages: string | string[],
  ) {
    super(Array.isArray(messages) ? messages.join('; ') : messages);
    this.name = 'AppError';
  }
}
