import { createHash } from 'node:crypto';

/** A field of a form. */
export interface PageField {
  name: string;
  label: string;
  type: 'text' | 'email' | 'password';
  /** What browsers may fill in (HTML, "Autofill"). */
  autocomplete: string;
  value?: string;
}

/** A page with at most one form; everything in it is text. */
export interface Page {
  title: string;
  /** What is wrong with what was sent. */
  problems?: string[];
  /** A sentence of explanation, or of what was done. */
  text?: string;
  form?: { action: string; button: string; fields: PageField[]; hidden: Record<string, string> };
}

const STYLE = `body{font:1rem/1.5 system-ui,sans-serif;max-width:22rem;margin:3rem auto;padding:0 1rem;color:#1c1c1c;background:#fff}
label{display:block;margin:1rem 0 .25rem}
input,button{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #767676;border-radius:.25rem}
button{margin-top:1.5rem;background:#1a4fa0;color:#fff;border-color:#1a4fa0;cursor:pointer}
:focus-visible{outline:3px solid #1a4fa0;outline-offset:2px}
[role=alert]{border-left:.25rem solid #b00020;padding-left:.75rem}`;

const styleHash = createHash('sha256').update(STYLE).digest('base64');

/** What a page may load and do: its own style, and sending its form to us. */
export const PAGE_POLICY = `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it may stand in a page, also within quotes. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (letter) => ENTITIES[letter]!);

/** A page as HTML, without scripts; problems come first, where a screen reader begins. */
export function renderPage({ title, problems = [], text, form }: Page): string {
  const parts = [
    `<h1>${escapeHtml(title)}</h1>`,
    problems.length > 0 && `<div role="alert">${problems.map(paragraph).join('')}</div>`,
    text && paragraph(text),
    form && renderForm(form),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)} – Kronus</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${parts.filter(Boolean).join('\n')}
</main>
</body>
</html>
`;
}

const paragraph = (text: string) => `<p>${escapeHtml(text)}</p>`;

function renderForm({ action, button, fields, hidden }: NonNullable<Page['form']>): string {
  const inputs = [
    ...Object.entries(hidden).map(
      ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
    ),
    ...fields.map(renderField),
  ];
  return `<form method="post" action="${escapeHtml(action)}">
${inputs.join('\n')}
<button type="submit">${escapeHtml(button)}</button>
</form>`;
}

function renderField({ name, label, type, autocomplete, value = '' }: PageField): string {
  const [id, filled] = [escapeHtml(name), value === '' ? '' : ` value="${escapeHtml(value)}"`];
  return `<label for="${id}">${escapeHtml(label)}</label>
<input id="${id}" name="${id}" type="${type}" autocomplete="${escapeHtml(autocomplete)}" required${filled}>`;
}
