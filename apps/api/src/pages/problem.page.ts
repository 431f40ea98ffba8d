import { KRONUS_BRAND, type Brand } from './brand.ts';
import { markup } from './html.ts';
import type { Page } from './page.ts';

/** What went wrong, for people: sentences, and an id to ask the operator with. */
export const problemPage = (
  status: number,
  messages: readonly string[],
  { brand = KRONUS_BRAND, requestId = null }: { brand?: Brand; requestId?: string | null } = {},
): Page => ({
  status,
  title: 'This did not work',
  brand,
  body: markup`<div role="alert">${messages.map((message) => markup`<p>${message}</p>`)}</div>
${requestId === null ? null : markup`<p>Request ${requestId}</p>`}`,
});

const PAGES = /^\/(?:login|oauth2\/(?:authorize|logout))(?:\/|$)/;

/** Whether a request is a person's, with a browser, at one of the pages. */
export const isForPeople = (path: string, accept: string | undefined): boolean =>
  PAGES.test(path) && (accept ?? '').includes('text/html');
