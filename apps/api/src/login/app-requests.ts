import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '#libs/config/config';
import {
  AUTHORIZATION_PARAMETERS,
  judgeAuthorization,
  type AuthorizationRequest,
  type Judgement,
  type Parameters,
} from '#libs/domain/authorization';
import { CONFIG } from '../app.tokens.ts';
import type { PageAnswer } from '../pages/page.ts';
import { problemPage } from '../pages/problem.page.ts';

/** What an app is told on the way back when it gets no code. */
export type SentBack = Omit<Extract<Judgement, { kind: 'sendBack' }>, 'kind'>;

/**
 * The requests of apps that send people here. Between two pages they are in the hands of the browser, so each page judges
 * them anew, and nobody is sent to an address that is not registered.
 */
@Injectable()
export class AppRequests {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /** The request that a page's query holds, null without an app; or what to answer instead of the page. */
  read(query: Parameters): { request: AuthorizationRequest | null } | { answer: PageAnswer } {
    if (query['client_id'] === undefined) return { request: null };
    return this.judge(query);
  }

  /** The same where nothing but an app leads to. */
  judge(query: Parameters): { request: AuthorizationRequest } | { answer: PageAnswer } {
    const judged = judgeAuthorization(query, this.config.oauth.apps);
    if (judged.kind === 'logIn') return { request: judged.request };
    if (judged.kind === 'refuse') return { answer: { page: problemPage(400, [judged.message]) } };
    return { answer: this.sendBack(judged) };
  }

  /** Back to the app, with what is wrong. */
  sendBack({ redirectUri, state, error, description }: SentBack): PageAnswer {
    return this.goTo(redirectUri, { error, error_description: description, state });
  }

  /** On to the app, with a code. */
  sendOn({ redirectUri, state }: AuthorizationRequest, code: string): PageAnswer {
    return this.goTo(redirectUri, { code, state });
  }

  /** With who says it, so that it is not taken for another server's answer. Source: RFC 9207. */
  private goTo(redirectUri: string, parameters: Record<string, string | null>): PageAnswer {
    const url = new URL(redirectUri);
    for (const [name, value] of Object.entries({ ...parameters, iss: this.config.publicUrl })) {
      if (value !== null) url.searchParams.set(name, value);
    }
    return { goTo: url.href };
  }
}

/** What a page carries along, as a query again: the parameters of a request that are read; without an app, the look only. */
export function toQuery(query: Parameters): string {
  const names = query['client_id'] === undefined ? (['client'] as const) : AUTHORIZATION_PARAMETERS;
  const pairs = names.flatMap((name) => {
    const value = query[name];
    return typeof value === 'string' ? [[name, value] as [string, string]] : [];
  });
  return new URLSearchParams(pairs).toString();
}

/** The address of a page of ours, with an app's request to carry along. */
export const withRequest = (path: string, request: string): string =>
  request === '' ? path : `${path}?${request}`;
