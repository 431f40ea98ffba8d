const YEAR_S = 365 * 24 * 60 * 60;
/** An answer of the API is data: a browser that takes it for a page must load nothing for it and show it nowhere. */
const FOR_DATA = "default-src 'none'; frame-ancestors 'none'";
/** The page to read the description: its own files only; it styles itself inline and draws from `data:`. */
const FOR_DOCS =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * The headers that tell browsers what the answer to a request of `path` may be used for; `isHttps` says how everybody
 * reaches us. A page of its own kind sets its own `Content-Security-Policy` later.
 */
export const securityHeaders = (path: string, isHttps: boolean): Record<string, string> => ({
  'Cache-Control': 'no-store',
  'Content-Security-Policy': path === '/docs' || path.startsWith('/docs/') ? FOR_DOCS : FOR_DATA,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  ...(isHttps && { 'Strict-Transport-Security': `max-age=${YEAR_S}` }),
});
