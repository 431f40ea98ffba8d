/** A piece of HTML that may go into a page as it is. */
export class Html {
  constructor(readonly text: string) {}
}

/** What can stand in a template: texts are escaped, pieces are not, null is nothing. */
type Value = Html | string | number | null | readonly Html[];

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Builds HTML. Whatever is put in is text, also within the quotes of an attribute, unless it was built so itself. It is
 * not called `html`, because formatters reshape templates of that name.
 */
export const markup = (strings: TemplateStringsArray, ...values: Value[]): Html =>
  new Html(strings.reduce((before, after, index) => before + textOf(values[index - 1]!) + after));

function textOf(value: Value): string {
  if (value === null) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(({ text }) => text).join('');
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** What is wrong, told at once by a screen reader. */
export const alarm = (messages: readonly string[]): Html =>
  markup`<div role="alert" id="fault">${messages.map((message) => markup`<p>${message}</p>`)}</div>`;

/** A message as people write it. */
export const asSentence = (message: string): string =>
  `${message.charAt(0).toUpperCase()}${message.slice(1)}${/[.?!]$/.test(message) ? '' : '.'}`;
