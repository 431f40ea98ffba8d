import { z } from 'zod';
import { textField } from './fields.ts';

// Not strict, unlike all others: "The authorization server MUST ignore unrecognized request parameters" (RFC 6749, 3.2).

const parameter = (name: string) => textField(name).max(2048, `${name} is too long`);

/** What an app shows for tokens: a code that somebody's browser brought, or a refresh token. */
export const TokenRequest = z
  .object(
    {
      grant_type: parameter('grant_type').meta({
        description:
          '`authorization_code` (with `code`, `redirect_uri`, `code_verifier`) or `refresh_token`.',
      }),
      client_id: parameter('client_id'),
      code: parameter('code').optional(),
      redirect_uri: parameter('redirect_uri')
        .optional()
        .meta({ description: 'The one that the code was sent to.' }),
      code_verifier: parameter('code_verifier').optional().meta({ description: 'RFC 7636, method S256.' }),
      refresh_token: parameter('refresh_token').optional(),
    },
    'the body must be a form',
  )
  .meta({
    id: 'TokenRequest',
    description: 'A request for tokens (RFC 6749, sections 4.1.3 and 6), as a form.',
    examples: [
      { grant_type: 'refresh_token', client_id: 'kronus-console', refresh_token: `krr_${'x'.repeat(43)}` },
    ],
  });
export type TokenRequest = z.output<typeof TokenRequest>;

/** The tokens of an app. */
export const OAuthTokens = z
  .object({
    access_token: z.string().meta({ description: 'For the Authorization header (JWT, RS256).' }),
    token_type: z.literal('Bearer'),
    expires_in: z.int().meta({ description: 'Seconds for which the access token is good.' }),
    refresh_token: z.string().meta({ description: 'Gives new tokens, once.' }),
    scope: z.string(),
    id_token: z.string().optional().meta({ description: 'Who logged in; with the scope `openid`.' }),
  })
  .meta({ id: 'OAuthTokens', description: 'The tokens of an app (RFC 6749, section 5.1).' });
export type OAuthTokens = z.output<typeof OAuthTokens>;

/** The refresh token that an app needs no more. */
export const RevokeRequest = z
  .object(
    {
      client_id: parameter('client_id'),
      token: parameter('token').meta({ description: 'A refresh token.' }),
      token_type_hint: parameter('token_type_hint').optional(),
    },
    'the body must be a form',
  )
  .meta({
    id: 'RevokeRequest',
    description: 'A token that is needed no more (RFC 7009, section 2.1), as a form.',
    examples: [{ client_id: 'kronus-console', token: `krr_${'x'.repeat(43)}` }],
  });
export type RevokeRequest = z.output<typeof RevokeRequest>;

/** There is nothing to tell. */
export const Revoked = z
  .object({})
  .meta({ id: 'Revoked', description: 'The token is good for nothing (any more).' });

/** Why an app gets no tokens. */
export const OAuthFailure = z
  .object({
    error: z.enum([
      'invalid_request',
      'invalid_client',
      'invalid_grant',
      'unsupported_grant_type',
      'invalid_scope',
      'unsupported_token_type',
    ]),
    error_description: z.string(),
  })
  .meta({ id: 'OAuthFailure', description: 'A refusal in the form of OAuth (RFC 6749, section 5.2).' });
export type OAuthFailure = z.output<typeof OAuthFailure>;

const names = () => z.array(z.string());

/** What apps find out by themselves about this server. */
export const ServerMetadata = z
  .object({
    issuer: z.url(),
    authorization_endpoint: z.url(),
    token_endpoint: z.url(),
    revocation_endpoint: z.url(),
    end_session_endpoint: z.url(),
    jwks_uri: z.url(),
    response_types_supported: names(),
    response_modes_supported: names(),
    grant_types_supported: names(),
    scopes_supported: names(),
    code_challenge_methods_supported: names(),
    token_endpoint_auth_methods_supported: names(),
    revocation_endpoint_auth_methods_supported: names(),
    subject_types_supported: names(),
    id_token_signing_alg_values_supported: names(),
    prompt_values_supported: names(),
    authorization_response_iss_parameter_supported: z.boolean(),
    request_parameter_supported: z.boolean(),
    request_uri_parameter_supported: z.boolean(),
  })
  .meta({
    id: 'ServerMetadata',
    description: 'Where and how apps log people in (RFC 8414, OpenID Connect Discovery).',
  });
export type ServerMetadata = z.output<typeof ServerMetadata>;
