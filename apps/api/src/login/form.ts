import type { Parameters } from '#libs/domain/authorization';
import { formFields } from '../http/body.ts';

/** The parameters of a query, without its question mark. */
export const parametersOf = (query: string): Parameters => formFields(query);

/** One field of a form; empty when it is missing. PostgreSQL can not keep U+0000 in text. */
export const field = (form: Parameters, name: string): string =>
  [form[name] ?? ''].flat()[0]!.replaceAll('\0', '');

/** The parameters of the query of a request's address. */
export const queryOf = (url: string): Parameters => parametersOf(url.split('?').slice(1).join('?'));
