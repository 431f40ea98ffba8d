import { z } from 'zod';
import { E164 } from '#libs/domain/phone';

// Every message is a whole sentence that names its field, so that an answer can list messages without their paths.

const maxEmailLength = 254; // RFC 5321, section 4.5.3.1.3, less the angle brackets
const maxPasswordBytes = 1024;
const nameForm = /^[^\p{Cc}\p{Cs}]{1,100}$/u;

/** A text field; absent and of another type are told apart. */
export const textField = (name: string) =>
  z.string({ error: ({ input }) => (input === undefined ? `${name} is required` : `${name} must be text`) });

/** The name of a person: trimmed, 1 to 100 characters without control characters. */
export const nameField = (name: string) =>
  textField(name).trim().regex(nameForm, `${name} must have 1 to 100 characters without control characters`);

/** An e-mail address: trimmed, in lower case, at most 254 characters. */
export const emailField = () => {
  const message = `email must be a valid e-mail address of at most ${maxEmailLength} characters`;
  return textField('email').check(
    z.trim(),
    z.toLowerCase(),
    z.maxLength(maxEmailLength, { error: message, abort: true }),
    z.email(message),
  );
};

/** A phone number in E.164 form. */
export const phoneField = () =>
  textField('phone_number').trim().regex(E164, 'phone_number must be in E.164 form, like +12345678900');

/** A password to be set: kept as it is, not empty, no white space, at most 1024 bytes of UTF-8. */
export const passwordField = (name = 'password') =>
  textField(name).check(
    z.regex(/^\S+$/, { error: `${name} must not be empty or contain white space`, abort: true }),
    z.refine(isShortEnough, `${name} must have at most ${maxPasswordBytes} bytes`),
  );

/** A password to be compared: any text that could have been set. */
export const passwordAttemptField = () =>
  textField('password').check(
    z.minLength(1, { error: 'password is required', abort: true }),
    z.refine(isShortEnough, `password must have at most ${maxPasswordBytes} bytes`),
  );

/** A yes-or-no field; only JSON's own true and false count. */
export const flagField = (name: string) => z.boolean(`${name} must be true or false`);

/** A whole number within bounds, both included. */
export const wholeNumberField = (name: string, least: number, most: number) => {
  const message = `${name} must be a whole number from ${least} to ${most}`;
  return z
    .int({ error: message, abort: true })
    .min(least, { error: message, abort: true })
    .max(most, message);
};

/** The integer id of something. */
export const entityIdField = (name: string) => wholeNumberField(name, 1, 2_147_483_647);

/** The version that a change is meant for, as the last answer showed it. */
export const versionField = () =>
  wholeNumberField('version', 1, 2_147_483_647).meta({ description: 'Only change this version, else 409.' });

/** A moment, RFC 3339 with offset. */
export const timeField = () => z.iso.datetime({ offset: true });

/** A moment that is given: RFC 3339 with offset. */
export const givenTimeField = (name: string) =>
  z.iso.datetime({
    offset: true,
    error: ({ input }) =>
      input === undefined
        ? `${name} is required`
        : `${name} must be a moment, like 2026-12-02T18:00:00-05:00`,
  });

/** An address on the web, at most 1000 characters, without a final slash. */
export const webAddressField = (name: string) => {
  const message = `${name} must be an address that begins with http:// or https://`;
  return textField(name)
    .trim()
    .max(1000, { error: message, abort: true })
    .regex(/^https?:\/\//i, { error: message, abort: true })
    .refine((text) => URL.canParse(text), { error: message, abort: true })
    .refine((text) => new URL(text).password === '', `${name} must not hold a password`)
    .transform((text) => text.replace(/\/+$/, ''));
};

/** A JSON object of known fields only; unknown ones are named. `what` names it when it is no object. */
export const body = <Shape extends z.ZodRawShape>(shape: Shape, what = 'the body') =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? unknownFields(issue.keys) : `${what} must be a JSON object`,
  });

/** The values of a query string; unknown ones are named. */
export const query = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? unknownFields(issue.keys) : 'the query must hold values',
  });

/** A check over several fields, made even when single ones are wrong, so that everything is reported at once. */
export const overFields = (
  isRight: (fields: Record<string, unknown>) => boolean,
  error: string,
  path: string[] = [],
) =>
  z.refine((fields) => isRight(fields as Record<string, unknown>), {
    error,
    path,
    when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value),
  });

/** A check that at least one known field is given, besides those that change nothing. */
export const someFieldGiven = (...besides: string[]) =>
  overFields(
    (fields) =>
      Object.entries(fields).some(([name, value]) => value !== undefined && !besides.includes(name)),
    'valid fields required',
  );

function isShortEnough(password: string): boolean {
  return new TextEncoder().encode(password).length <= maxPasswordBytes;
}

function unknownFields(names: string[]): string {
  return names.length === 1 ? `${names[0]} is not a known field` : `${names.join(', ')} are not known fields`;
}
