/** An app that people may log in to with their browser; it has no secret (a "public client"). */
export interface RegisteredApp {
  id: string;
  /** Where it may have people sent back to; compared by the letter. */
  redirectUris: readonly string[];
}

/** The parameters of a query or form; a repeated one has all its values. */
export type Parameters = Readonly<Record<string, string | string[] | undefined>>;

/** What an app asks for when it sends somebody here to log in. */
export interface AuthorizationRequest {
  appId: string;
  redirectUri: string;
  /** Given back as it is. */
  state: string | null;
  /** Names with spaces between, those that we know. */
  scope: string;
  nonce: string | null;
  /** BASE64URL(SHA256(verifier)). */
  codeChallenge: string;
  /** `login`: ask for the password again; `none`: ask nothing. */
  prompt: 'login' | 'none' | null;
  /** How long ago the log-in may have been, in seconds. */
  maxAgeSeconds: number | null;
}

/** Why an app hears "no"; the words are those of RFC 6749, section 4.1.2.1, and OpenID Connect Core, section 3.1.2.6. */
export type AuthorizationError =
  | 'invalid_request'
  | 'unsupported_response_type'
  | 'invalid_scope'
  | 'request_not_supported'
  | 'request_uri_not_supported'
  | 'login_required'
  | 'interaction_required';

/**
 * What to do about a request: go on, tell the app what is wrong, or tell the person only, because nobody may be sent to
 * an address that is not known to be the app's.
 */
export type Judgement =
  | { kind: 'logIn'; request: AuthorizationRequest }
  | {
      kind: 'sendBack';
      redirectUri: string;
      state: string | null;
      error: AuthorizationError;
      description: string;
    }
  | { kind: 'refuse'; message: string };

/** The scopes that mean something: `openid` asks for an id token, the others for nothing that is not in it anyway. */
export const SCOPES = ['openid', 'profile', 'email'] as const;

/** Every parameter that is read, `client` (whose look the page has) among them. */
export const AUTHORIZATION_PARAMETERS = [
  'client_id',
  'redirect_uri',
  'response_type',
  'response_mode',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'prompt',
  'max_age',
  'client',
] as const;

const CHALLENGE = /^[\w-]{43}$/;
const PRINTABLE = /^[\x20-\x7e]{1,256}$/;
const SECONDS = /^\d{1,9}$/;
const LOOPBACK_PORT = /^(http:\/\/(?:127\.0\.0\.1|\[::1\])):(\d{1,5})(?=[/?]|$)/;

/** Judges a request for authorization (RFC 6749, section 4.1.1; RFC 7636; OpenID Connect Core, section 3.1.2.1). */
export function judgeAuthorization(given: Parameters, apps: readonly RegisteredApp[]): Judgement {
  const value = (name: string) => valueOf(given, name);
  const app = apps.find(({ id }) => id === value('client_id'));
  if (!app) return { kind: 'refuse', message: 'The app that sent you here is not known to Kronus.' };
  const redirectUri = value('redirect_uri');
  if (redirectUri === null || !isRegisteredRedirect(redirectUri, app.redirectUris)) {
    return {
      kind: 'refuse',
      message: 'The app that sent you here wants you sent on to an address that is not known to be its own.',
    };
  }
  const state = value('state');
  const fault = faultOf(given);
  if (fault) return { kind: 'sendBack', redirectUri, state, error: fault[0], description: fault[1] };
  const prompts = promptsOf(given);
  const maxAge = value('max_age');
  return {
    kind: 'logIn',
    request: {
      appId: app.id,
      redirectUri,
      state,
      scope: scopeOf(value('scope')),
      nonce: value('nonce'),
      codeChallenge: value('code_challenge')!,
      prompt: prompts.includes('none') ? 'none' : prompts.some(asksAgain) ? 'login' : null,
      maxAgeSeconds: maxAge === null ? null : Number(maxAge),
    },
  };
}

/** Whether somebody who logged in at `loggedInAt` (null: did not) has to do so again for this request. */
export function mustLogIn(
  { prompt, maxAgeSeconds }: Pick<AuthorizationRequest, 'prompt' | 'maxAgeSeconds'>,
  loggedInAt: Date | null,
  now: Date,
): boolean {
  if (loggedInAt === null || prompt === 'login') return true;
  return maxAgeSeconds !== null && now.getTime() - loggedInAt.getTime() > maxAgeSeconds * 1_000;
}

/**
 * Whether an address is one of those that are registered, by the letter; the port of a loopback address may be any,
 * because programs take a free one. Source: RFC 8252, section 7.3.
 */
export function isRegisteredRedirect(uri: string, registered: readonly string[]): boolean {
  if (registered.includes(uri)) return true;
  const port = Number(LOOPBACK_PORT.exec(uri)?.[2] ?? 0);
  if (port < 1 || port > 65_535) return false;
  return registered.some((each) => withoutLoopbackPort(each) === withoutLoopbackPort(uri));
}

const withoutLoopbackPort = (uri: string) => uri.replace(LOOPBACK_PORT, '$1');

/** A parameter without a value is one that was left out; one that is given twice has none either. */
function valueOf(given: Parameters, name: string): string | null {
  const value = given[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

function faultOf(given: Parameters): [AuthorizationError, string] | null {
  const value = (name: string) => valueOf(given, name);
  const repeated = AUTHORIZATION_PARAMETERS.find((name) => Array.isArray(given[name]));
  if (repeated) return ['invalid_request', `${repeated} is given more than once`];
  if (value('request')) return ['request_not_supported', 'request is not supported'];
  if (value('request_uri')) return ['request_uri_not_supported', 'request_uri is not supported'];
  const type = value('response_type');
  if (type === null) return ['invalid_request', 'response_type is required'];
  if (type !== 'code') return ['unsupported_response_type', 'response_type must be code'];
  if (![null, 'query'].includes(value('response_mode')))
    return ['invalid_request', 'response_mode must be query'];
  const challenge = value('code_challenge');
  if (challenge === null) return ['invalid_request', 'code_challenge is required'];
  // Without a method it would be `plain`, which whoever reads the request can redeem.
  if (value('code_challenge_method') !== 'S256')
    return ['invalid_request', 'code_challenge_method must be S256'];
  if (!CHALLENGE.test(challenge))
    return ['invalid_request', 'code_challenge must be a SHA-256 digest in base64url'];
  if (!PRINTABLE.test(value('nonce') ?? '-')) return ['invalid_request', 'nonce must be 256 letters at most'];
  if (!PRINTABLE.test(value('scope') ?? '-')) return ['invalid_scope', 'scope is malformed'];
  if (!SECONDS.test(value('max_age') ?? '0'))
    return ['invalid_request', 'max_age must be a number of seconds'];
  const prompts = promptsOf(given);
  if (prompts.includes('none') && prompts.length > 1)
    return ['invalid_request', 'prompt none must stand alone'];
  return null;
}

const promptsOf = (given: Parameters): string[] =>
  (valueOf(given, 'prompt') ?? '').split(' ').filter((each) => each !== '');

const asksAgain = (prompt: string) => prompt === 'login' || prompt === 'select_account';

/** Scopes that we do not know are passed over, as OpenID Connect wants it; who names none gets an id token, as with Cognito. */
function scopeOf(given: string | null): string {
  if (given === null) return 'openid';
  const names = given.split(' ');
  return SCOPES.filter((name) => names.includes(name)).join(' ');
}
