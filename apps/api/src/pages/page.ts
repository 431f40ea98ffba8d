import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { textColorOn } from '#libs/domain/contrast';
import type { Brand } from './brand.ts';
import { Html, markup } from './html.ts';

/** A page for people; it needs no script. */
export interface Page {
  status: number;
  title: string;
  brand: Brand;
  body: Html;
  /** Origins of other sites that its forms may lead to. */
  formTargets?: readonly string[];
}

/** What a browser gets: a page, or another address to go to; with cookies to keep. */
export type PageAnswer = ({ page: Page } | { goTo: string }) & { cookies?: readonly string[] };

/** Sends a page, or the browser on with GET. Source of the codes: RFC 9110, section 15.4.4. */
export function sendPage(reply: FastifyReply, answer: PageAnswer): void {
  for (const cookie of answer.cookies ?? []) void reply.header('Set-Cookie', cookie);
  if ('goTo' in answer) return void reply.code(303).header('Location', answer.goTo).send();
  const { page } = answer;
  const style = styleOf(page.brand);
  void reply
    .code(page.status)
    .type('text/html; charset=utf-8')
    .header('Content-Security-Policy', policyOf(page, style))
    .send(documentOf(page, style).text);
}

/** The one style is named by its digest and nothing else may run, load, frame or be submitted to. */
function policyOf({ brand, formTargets = [] }: Page, style: string): string {
  const logo = brand.logoUrl === null ? "'none'" : new URL(brand.logoUrl).origin;
  return [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    `img-src ${logo}`,
    // Browsers hold the address that a form leads to by redirection against it as well.
    `form-action ${["'self'", ...formTargets].join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

const documentOf = ({ title, brand, body }: Page, style: string): Html =>
  markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title} – ${brand.name}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<style>${new Html(style)}</style>
</head>
<body>
<header>${logoOf(brand)}<span>${brand.name}</span></header>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`;

/** Without a text of its own, because the name stands beside it. */
const logoOf = ({ logoUrl }: Brand): Html | null =>
  logoUrl === null ? null : markup`<img src="${logoUrl}" alt="" height="40">`;

/** Readable at 320 pixels and in the dark; of the brand only the colour goes in, which is checked where it is set. */
const styleOf = ({ color }: Brand): string => `
:root { color-scheme: light dark; --text: #1a1a1a; --page: #ffffff; --line: #6b6b6b; --fault: #a3001b; }
@media (prefers-color-scheme: dark) {
  :root { --text: #f2f2f2; --page: #161616; --line: #9a9a9a; --fault: #ffb3ad; }
}
* { box-sizing: border-box; }
body { margin: 0; color: var(--text); background: var(--page); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
header { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: center; padding: 0.75rem 1rem; font-weight: 600; color: ${textColorOn(color)}; background: ${color}; }
header img { max-width: 50%; }
main { max-width: 24rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; }
label { display: block; margin: 1rem 0 0.25rem; font-weight: 600; }
input, button { width: 100%; min-height: 2.75rem; padding: 0.5rem 0.75rem; font: inherit; border: 1px solid var(--line); border-radius: 0.375rem; }
input { color: var(--text); background: var(--page); }
button { margin-top: 1.5rem; font-weight: 600; cursor: pointer; color: ${textColorOn(color)}; background: ${color}; }
a { color: inherit; }
:focus-visible { outline: 3px solid var(--text); outline-offset: 2px; }
[role="alert"] { margin: 1rem 0 0; padding: 0.5rem 0.75rem; color: var(--fault); border: 2px solid var(--fault); border-radius: 0.375rem; }
[role="alert"] p { margin: 0; }
input:read-only { background: transparent; border-style: dashed; }
`;
