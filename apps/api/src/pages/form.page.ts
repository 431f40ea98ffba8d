import type { Brand } from './brand.ts';
import { alarm, markup, type Html } from './html.ts';
import type { Page } from './page.ts';

/** What every form holds besides its fields. */
export interface FormFrame {
  brand: Brand;
  /** Proves that it was filled in on a page of ours, in this browser. */
  token: string;
  /** The query that an app sent somebody here with; empty without an app. */
  request: string;
  /** The origin that it may lead to in the end; null without an app. */
  target: string | null;
}

/** A field to fill in; it has to be. */
export interface FormField {
  name: string;
  label: string;
  type: 'text' | 'email' | 'password';
  /** What browsers may fill in. Source of the words: HTML, "Autofill". */
  autocomplete: string;
  value?: string;
  /** Which keys a phone offers. */
  inputMode?: 'numeric';
  /** Shown, sent along, and not to be changed. */
  isFixed?: boolean;
}

/** What went wrong when the form was sent the last time. */
export interface FormFault {
  status: number;
  messages: readonly string[];
}

/** What is particular to a form. */
export interface FormContent {
  title: string;
  /** A sentence above the fields. */
  text?: string;
  action: string;
  fields?: readonly FormField[];
  button: string;
  /** What stands below. */
  links?: readonly { href: string; text: string }[];
}

/** A page with one form. What is wrong comes first, where a screen reader begins, and every field refers to it. */
export const formPage = (
  { brand, token, request, target }: FormFrame,
  { title, text, action, fields = [], button, links = [] }: FormContent,
  fault?: FormFault,
): Page => ({
  status: fault?.status ?? 200,
  title,
  brand,
  formTargets: target === null ? [] : [target],
  body: markup`${fault ? alarm(fault.messages) : null}
${text === undefined ? null : markup`<p>${text}</p>`}
<form method="post" action="${action}">
${hidden('token', token)}
${hidden('request', request)}
${fields.map((field) => inputOf(field, fault !== undefined))}<button type="submit">${button}</button>
</form>
${links.map(({ href, text: words }) => markup`<p><a href="${href}">${words}</a></p>`)}`,
});

const hidden = (name: string, value: string): Html =>
  markup`<input type="hidden" name="${name}" value="${value}">`;

function inputOf(field: FormField, isFaulty: boolean): Html {
  const { name, label, type, autocomplete, value, inputMode, isFixed } = field;
  const keys = inputMode === undefined ? null : markup` inputmode="${inputMode}"`;
  const filled = value === undefined ? null : markup` value="${value}"`;
  const fixed = isFixed ? markup` readonly` : null;
  const described = isFaulty ? markup` aria-describedby="fault"` : null;
  return markup`<label for="${name}">${label}</label>
<input id="${name}" name="${name}" type="${type}" autocomplete="${autocomplete}" required${keys}${filled}${fixed}${described}>
`;
}
