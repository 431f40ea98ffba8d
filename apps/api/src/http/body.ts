import { parse as parseForm, type ParsedUrlQuery } from 'node:querystring';
import type { FastifyInstance } from 'fastify';
import { AppError } from '#libs/domain/errors';

declare module 'fastify' {
  interface FastifyRequest {
    /** The body of a form as it was received. */
    rawBody?: string;
  }
}

/** `/login/` is `/login` with a slash that says nothing, which takes JSON. */
const FORMS = /^\/(?:webhook|oauth2|login)\/[^?]/;

/** The largest body that is read. */
export const MAX_BODY_BYTES = 100 * 1024;

/**
 * Reads bodies by route, not by Content-Type: forms under `/webhook/`, `/oauth2/` and `/login/`, JSON everywhere else,
 * because clients such as curl call JSON a form unless they are told otherwise.
 */
export function parseBodies(server: FastifyInstance): void {
  const parseSafely = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    const text = body as string;
    if (FORMS.test(request.url)) {
      request.rawBody = text;
      return done(null, formFields(text));
    }
    if (text.trim() === '') return done(null, undefined);
    parseSafely(request, text, (error: Error | null, value: unknown) => {
      if (error) return done(explain(text));
      const name = nameOfNul(text);
      if (name === null) done(null, value);
      else done(new AppError('validation', `${name} must not hold the character U+0000`));
    });
  });
}

/** The fields of a form; a repeated one has all its values. */
export const formFields = (text: string): ParsedUrlQuery =>
  parseForm(text, undefined, undefined, { maxKeys: 1000 });

function explain(text: string): AppError {
  const fault = faultOf(text);
  return new AppError(
    'malformed_json',
    fault === null
      ? 'the body must not hold the keys __proto__ or constructor.prototype'
      : `the body is not JSON: ${fault}`,
  );
}

/** The engine's explanation, always with the place, and without the piece of the body that it may quote. */
function faultOf(text: string): string | null {
  const message = parseError(text);
  if (!message?.startsWith('Unexpected token')) return message;
  // For an unexpected token the engine quotes instead of telling the place, which ends the shortest faulty beginning.
  let [sound, faulty] = [0, text.length];
  while (faulty - sound > 1) {
    const middle = (sound + faulty) >> 1;
    if (parseError(text.slice(0, middle))?.startsWith('Unexpected token')) faulty = middle;
    else sound = middle;
  }
  const lines = text.slice(0, faulty).split('\n');
  const place = `position ${faulty - 1} (line ${lines.length} column ${lines.at(-1)!.length})`;
  return `Unexpected token ${JSON.stringify(text[faulty - 1])} at ${place}`;
}

function parseError(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return (error as SyntaxError).message;
  }
}

/** The name of a field that holds U+0000, which PostgreSQL can not keep in text; null when there is none. */
function nameOfNul(text: string): string | null {
  if (!/\\u0000/.test(text)) return null;
  let name: string | null = null;
  try {
    JSON.parse(text, (key, value: unknown) => {
      if (typeof value === 'string' && value.includes('\0')) name ??= key || 'text';
      if (key.includes('\0')) name ??= 'the name of a field';
      return value;
    });
  } catch {
    // Nested too deeply to be looked through, which nothing that we accept is.
    return 'text';
  }
  return name;
}
