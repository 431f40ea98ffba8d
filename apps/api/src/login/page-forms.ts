import { Inject, Injectable } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/postgresql';
import type { z } from 'zod';
import type { AuthorizationRequest, Parameters } from '#libs/domain/authorization';
import { AppError, type ErrorCode } from '#libs/domain/errors';
import { toFailure } from '../http/failure.ts';
import { brandByHint } from '../pages/brand.ts';
import type { FormFault, FormFrame } from '../pages/form.page.ts';
import { asSentence } from '../pages/html.ts';
import type { Page, PageAnswer } from '../pages/page.ts';
import { AppRequests, toQuery } from './app-requests.ts';
import {
  COOKIE_JAR,
  FOREIGN_FORM,
  formCookie,
  formToken,
  isOwnForm,
  type BrowserCookies,
  type CookieJar,
} from './cookies.ts';
import { field, parametersOf } from './form.ts';

/** What a browser brings to a page. */
export interface Visit {
  /** The request of the app that sent it, judged; null without an app. */
  request: AuthorizationRequest | null;
  /** The same as it came. */
  query: Parameters;
  cookies: BrowserCookies;
  /** What was filled in; empty before. */
  form: Parameters;
}

/** Makes the page of a form, with what went wrong the last time. */
export type PageOf = (frame: FormFrame, fault?: FormFault) => Page;

/** In the words of the pages; what is not here is for another page, or for none. */
const SENTENCES: Partial<Record<ErrorCode, string>> = {
  credentials_invalid: 'The e-mail address or the password is wrong.',
  code_invalid: 'The code is wrong or not valid any more.',
  forbidden: 'This password does not have to be changed.',
};

/** Shows forms and takes them: one token, one cookie, one way to carry the request of an app along. */
@Injectable()
export class PageForms {
  constructor(
    private readonly orm: MikroORM,
    private readonly apps: AppRequests,
    @Inject(COOKIE_JAR) private readonly jar: CookieJar,
  ) {}

  /** Shows a form to who came by an address with this query. */
  async open(
    query: Parameters,
    cookieHeader: string | undefined,
    show: (visit: Visit) => PageAnswer | Promise<PageAnswer>,
  ): Promise<PageAnswer> {
    const read = this.apps.read(query);
    if ('answer' in read) return read.answer;
    return show({ request: read.request, query, cookies: this.jar.read(cookieHeader), form: {} });
  }

  /**
   * Does what a form asks for; shows it again, with what is wrong, when that can not be done. Nothing is done for a form
   * that another site made, or with a request that is no app's.
   */
  async take(
    form: Parameters,
    cookieHeader: string | undefined,
    pageOf: (visit: Visit) => PageOf | Promise<PageOf>,
    act: (visit: Visit) => Promise<PageAnswer>,
  ): Promise<PageAnswer> {
    return this.open(parametersOf(field(form, 'request')), cookieHeader, async (unfilled) => {
      const visit = { ...unfilled, form };
      const again = async (fault: FormFault) => this.show(visit, await pageOf(visit), fault);
      if (!isOwnForm(visit.cookies.form, field(form, 'token'))) {
        return again({ status: 403, messages: [FOREIGN_FORM] });
      }
      try {
        return await act(visit);
      } catch (error) {
        return again(faultOf(error));
      }
    });
  }

  /** A page with a form, in the look that was asked for. */
  async show({ query, request, cookies }: Visit, pageOf: PageOf, fault?: FormFault): Promise<PageAnswer> {
    const kept = formCookie(cookies.form);
    const hint = query['client'];
    const frame = {
      brand: await brandByHint(this.orm.em.fork(), typeof hint === 'string' ? hint : null),
      token: formToken(kept),
      request: toQuery(query),
      target: request && new URL(request.redirectUri).origin,
    };
    return { page: pageOf(frame, fault), cookies: [this.jar.keepForm(kept)] };
  }
}

/**
 * The fields of a form as a schema wants them; `words` has their names, and what people call them.
 * @throws AppError validation
 */
export function filledIn<Schema extends z.ZodType>(
  schema: Schema,
  form: Parameters,
  words: Readonly<Record<string, string>>,
): z.output<Schema> {
  const given = Object.fromEntries(Object.keys(words).map((name) => [name, field(form, name)]));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const inWords = (word: string) => (Object.hasOwn(words, word) ? words[word]! : word);
  const messages = parsed.error.issues.map(({ message }) => message.replace(/\w+/g, inWords));
  throw new AppError('validation', [...new Set(messages)]);
}

/** What went wrong, for people. @throws what is nothing that they could mend in the form */
function faultOf(error: unknown): FormFault {
  if (!(error instanceof AppError)) throw error;
  const { status, messages } = toFailure(error);
  if (error.code === 'validation') return { status, messages: messages.map(asSentence) };
  const sentence = SENTENCES[error.code];
  if (sentence === undefined) throw error;
  return { status, messages: [sentence] };
}
