import { expect } from '@jest/globals';
import { nextNumber } from '#libs/testing/factories/sequence';
import type { TestApi } from '../api.fixture.ts';

/** The rows of the matrix in `permissions.int-spec.ts`. */
export type Row = 'everybody' | 'self' | 'self or admin' | 'admin' | 'first or admin' | 'platform admin';

/** A route with the row of the matrix that it is under, and a body that is taken. */
export interface GuardedRoute {
  row: Row;
  body?: () => object;
}

const name = () => `n${nextNumber()}`;
const email = () => `${name()}@example.com`;
const contact = () => ({
  first_name: 'a',
  last_name: 'b',
  email: email(),
  phone_number: `+1777${String(nextNumber()).padStart(7, '0')}`,
});

/** Every route of the API but the webhooks, which are signed, and the pages for people (`login/`). */
export const GUARDED_ROUTES: Record<string, GuardedRoute> = {
  'GET /health': { row: 'everybody' },
  'GET /v1/healthcheck': { row: 'everybody' },
  'GET /metrics': { row: 'everybody' },
  'GET /jwks': { row: 'everybody' },
  'GET /.well-known/jwks.json': { row: 'everybody' },
  'POST /v1/users/sessions': {
    row: 'everybody',
    body: () => ({ email: 'nobody@example.com', password: 'x' }),
  },
  'POST /login': { row: 'everybody', body: () => ({ email: 'nobody@example.com', password: 'x' }) },
  'POST /oauth2/token': { row: 'everybody' },
  'POST /oauth2/revoke': { row: 'everybody' },
  'GET /.well-known/openid-configuration': { row: 'everybody' },
  'GET /.well-known/oauth-authorization-server': { row: 'everybody' },

  'POST /v1/auth/password/forgot': { row: 'everybody', body: () => ({ email: 'nobody@example.com' }) },
  'POST /v1/auth/password/reset': {
    row: 'everybody',
    body: () => ({ email: 'nobody@example.com', code: '12345678', password: 'x' }),
  },
  'POST /v1/auth/password/change': {
    row: 'everybody',
    body: () => ({ email: 'nobody@example.com', password: 'x', new_password: 'y' }),
  },

  'GET /v1/users/sessions': { row: 'self' },
  'GET /v1/whoami': { row: 'self' },
  'PUT /v1/users/{uid}': { row: 'self', body: () => ({ first_name: 'x' }) },
  'PATCH /v1/users/{uid}': { row: 'self', body: () => ({ first_name: 'x' }) },
  'GET /v1/users/{uid}/contacts': { row: 'self' },
  'POST /v1/users/{uid}/contacts': { row: 'self', body: contact },
  'PUT /v1/users/{uid}/contacts/{id}': { row: 'self', body: () => ({ first_name: 'x' }) },
  'PATCH /v1/users/{uid}/contacts/{id}': { row: 'self', body: () => ({ first_name: 'x' }) },
  'DELETE /v1/users/{uid}/contacts/{id}': { row: 'self' },
  'PUT /v1/users/{uid}/probe_settings': { row: 'self', body: () => ({ max_retries: 2 }) },
  'PATCH /v1/users/{uid}/probe_settings': { row: 'self', body: () => ({ max_retries: 2 }) },
  'POST /v1/users/{uid}/probe_settings/pause': {
    row: 'self',
    body: () => ({ until: '2026-11-24T18:00:00-05:00' }),
  },
  'DELETE /v1/users/{uid}/probe_settings/pause': { row: 'self' },
  'POST /v1/users/{uid}/probes': { row: 'self', body: () => ({ in_minutes: 5 }) },
  'POST /v1/users/{uid}/api-keys': { row: 'self', body: () => ({ label: name() }) },
  'POST /v1/users/{uid}/api-keys/{key}/rotate': { row: 'self', body: () => ({}) },
  'DELETE /v1/users/{uid}/api-keys/{key}': { row: 'self' },
  'POST /v1/users/{uid}/drills': { row: 'self', body: () => ({ wait_time_in_minutes: 5 }) },
  'DELETE /v1/users/{uid}/drills/{id}': { row: 'self' },

  'GET /v1/users/{uid}': { row: 'self or admin' },
  'DELETE /v1/users/{uid}': { row: 'self or admin' },
  'GET /v1/users/{uid}/probes': { row: 'self or admin' },
  'GET /v1/users/{uid}/probes/{id}': { row: 'self or admin' },
  'GET /v1/users/{uid}/probes/{id}/timeline': { row: 'self or admin' },
  'GET /v1/users/{uid}/api-keys': { row: 'self or admin' },
  'GET /v1/users/{uid}/api-keys/{key}': { row: 'self or admin' },
  'PATCH /v1/users/{uid}/api-keys/{key}': { row: 'self or admin', body: () => ({ enabled: false }) },
  'GET /v1/users/{uid}/messages': { row: 'self or admin' },
  'GET /v1/users/{uid}/drills': { row: 'self or admin' },
  'GET /v1/users/{uid}/drills/{id}': { row: 'self or admin' },

  'GET /v1/users': { row: 'admin' },
  'GET /v1/audit': { row: 'admin' },
  'PATCH /v1/users/{uid}/role': { row: 'admin', body: () => ({ enabled: true }) },
  'GET /v1/probes': { row: 'admin' },
  'GET /v1/probes/stats': { row: 'admin' },
  'GET /v1/probes/{id}': { row: 'admin' },
  'GET /v1/probes/{id}/timeline': { row: 'admin' },
  'GET /v1/jobs': { row: 'admin' },
  'GET /v1/jobs/stats': { row: 'admin' },
  'GET /v1/clients/me/settings': { row: 'admin' },
  'PUT /v1/clients/me/settings': { row: 'admin', body: () => ({ teams: [{ name: 'x' }] }) },
  'PATCH /v1/clients/me/settings': { row: 'admin', body: () => ({ teams: [{ name: 'x' }] }) },
  'POST /v1/clients/me/users': { row: 'admin', body: () => ({ emails: [email()] }) },

  'POST /v1/users': { row: 'first or admin', body: () => ({ email: email(), password: 'x' }) },

  'POST /v1/clients': { row: 'platform admin', body: () => ({ name: name() }) },
  'GET /v1/clients': { row: 'platform admin' },
  'GET /v1/clients/{id}': { row: 'platform admin' },
  'PUT /v1/clients/{id}': { row: 'platform admin', body: () => ({ name: name() }) },
  'PATCH /v1/clients/{id}': { row: 'platform admin', body: () => ({ name: name() }) },
  'DELETE /v1/clients/{id}': { row: 'platform admin' },
  'GET /v1/backups': { row: 'platform admin' },
  'GET /v1/backups/{id}': { row: 'platform admin' },
  'POST /v1/backups': { row: 'platform admin' },
};

/** Routes about the very session that a request is made in: `sessions.int-spec.ts` tells whose they are. */
const SESSION_ROUTES = [
  'POST /v1/auth/refresh',
  'POST /v1/auth/logout',
  'DELETE /v1/users/sessions/{id}',
  'GET /v1/users/auth',
];

/** Asserts that the lists above hold every route that the API describes, so that none goes without these tests. */
export async function expectToKnowEveryRoute(api: TestApi): Promise<void> {
  const { paths } = JSON.parse((await api.call('GET', '/openapi.json')).text) as {
    paths: Record<string, object>;
  };
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect([...Object.keys(GUARDED_ROUTES), ...SESSION_ROUTES].sort()).toEqual(described.sort());
}
