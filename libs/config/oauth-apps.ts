import { z } from 'zod';
import type { RegisteredApp } from '#libs/domain/authorization';

const ID = /^[\w.-]{1,64}$/;
const FORM =
  'must be apps with commas between, each as <client id>=<redirect URI> <redirect URI> …, without fragments or passwords';
// Vite's, where the console is developed.
const DEVELOPMENT_SERVER = 'http://localhost:5173';

/** Reads `console=https://a.example/callback https://a.example/, other=…`. */
export const oauthApps = z
  .string()
  .trim()
  .transform((value, context): RegisteredApp[] => {
    const apps = value.split(',').map((part) => appOf(part.trim()));
    const ids = new Set(apps.map((app) => app?.id));
    if (apps.includes(null) || ids.size < apps.length) context.addIssue(FORM);
    return apps.filter((app) => app !== null);
  });

/**
 * The apps of an installation that names none: our own console, where this server serves it. In production only with
 * HTTPS, because what comes back to it is as good as a password for a minute.
 */
export function defaultOauthApps(at: {
  isProduction: boolean;
  publicUrl: string;
  port: number;
}): RegisteredApp[] {
  const { isProduction, publicUrl, port } = at;
  if (isProduction && !publicUrl.startsWith('https://')) return [];
  const servers = isProduction ? [publicUrl] : [publicUrl, `http://localhost:${port}`, DEVELOPMENT_SERVER];
  const redirectUris = [...new Set(servers)].flatMap((server) => [
    `${server}/app/callback`,
    `${server}/app/`,
  ]);
  return [{ id: 'kronus-console', redirectUris }];
}

/** The addresses that are not safe to be sent back to: neither HTTPS nor on the person's own machine. */
export const unsafeRedirects = (apps: readonly RegisteredApp[]): string[] =>
  apps.flatMap(({ redirectUris }) => redirectUris.filter((uri) => !isSafe(new URL(uri))));

const isSafe = ({ protocol, hostname }: URL) =>
  protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);

function appOf(part: string): RegisteredApp | null {
  const [id = '', ...rest] = part.split('=');
  const redirectUris = rest
    .join('=')
    .split(/\s+/)
    .filter((uri) => uri !== '');
  const isGood = ID.test(id) && redirectUris.length > 0 && redirectUris.every(isRedirect);
  return isGood ? { id, redirectUris } : null;
}

function isRedirect(uri: string): boolean {
  if (!URL.canParse(uri) || uri.includes('#')) return false;
  const { protocol, username, password } = new URL(uri);
  return ['http:', 'https:'].includes(protocol) && username === '' && password === '';
}
