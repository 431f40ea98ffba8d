import { KRONUS_BRAND, type Brand } from './brand.ts';
import { alarm, asSentence, markup } from './html.ts';
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
  body: markup`${alarm(messages)}
${requestId === null ? null : markup`<p>Request ${requestId}</p>`}`,
});

const NO_SUCH_PAGE = 'There is no such page.';

/** What programs are told in words of theirs. */
const SENTENCES: Readonly<Record<string, string>> = {
  not_found: NO_SUCH_PAGE,
  method_not_allowed: NO_SUCH_PAGE,
  not_ready: 'Kronus does not answer at the moment. Please try again in a minute.',
  internal: 'Kronus made a mistake. Please try again, or ask whoever runs it.',
};

/** The same for people. */
export const sentencesOf = (code: string, messages: readonly string[]): readonly string[] =>
  Object.hasOwn(SENTENCES, code) ? [SENTENCES[code]!] : messages.map(asSentence);

const PAGES = /^\/(?:login|oauth2\/(?:authorize|logout))(?:\/|$)/;

/** Whether a request is a person's, with a browser, at one of the pages. */
export const isForPeople = (path: string, accept: string | undefined): boolean =>
  PAGES.test(path) && (accept ?? '').includes('text/html');
