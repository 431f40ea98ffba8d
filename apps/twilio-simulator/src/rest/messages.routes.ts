import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Faults } from '../control/faults.ts';
import { e164, isComplete, isWaiting, type Message } from '../messages/message.ts';
import type { MessageStore } from '../messages/message.store.ts';
import type { Delivery } from '../webhooks/delivery.ts';
import type { Account } from '../webhooks/inbound.ts';
import { listMessages, type ListParams } from './message-list.query.ts';
import { accountPath, messagesPath, toTwilioMessage } from './twilio-message.view.ts';
import { notFound, TwilioError, unauthenticated } from './twilio.errors.ts';

interface Parts {
  account: Account;
  store: MessageStore;
  faults: Faults;
  delivery: Delivery;
}

type Form = Record<string, string | undefined>;
type OneMessage = { Params: { account: string; sid: string } };

const maxBodyLength = 1600;
const messagingServiceSid = /^MG[0-9a-f]{32}$/;

/** Twilio's Messages resource: create, list, fetch, cancel and redact, delete; and of the account whether it is active. */
export function messagesRoutes({ account, store, faults, delivery }: Parts) {
  const { accountSid } = account;
  const credentials = `Basic ${Buffer.from(`${accountSid}:${account.authToken}`).toString('base64')}`;
  const view = (message: Message) => toTwilioMessage(message, accountSid);
  const collection = `${messagesPath(':account')}.json`;
  const item = `${messagesPath(':account')}/:sid(^[A-Za-z0-9]+).json`;

  return async (app: FastifyInstance): Promise<void> => {
    app.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string' },
      async (_request: FastifyRequest, body: string) => Object.fromEntries(new URLSearchParams(body)),
    );
    app.setErrorHandler(answerError);
    app.addHook('onRequest', async (request) => {
      if (request.headers.authorization !== credentials) throw unauthenticated();
      if ((request.params as { account?: string }).account !== accountSid) throw notFound(pathOf(request));
    });

    // A look at the account is no text: no fault is meant for it.
    app.get(`${accountPath(':account')}.json`, async () => ({
      sid: accountSid,
      status: 'active',
      type: 'Full',
    }));

    app.post<{ Body: Form }>(collection, async (request, reply) => {
      const form = request.body ?? {};
      const fault = faults.take('answer', [form.To ?? '']);
      if (fault && fault.kind !== 'drop') return strike(fault, faults, request, reply);

      const message = store.add(readDraft(form));
      const accepted = view(message);
      const plan = delivery.plan(message.to);
      if (plan.callbacks === 'first') await delivery.deliver(message, plan);
      else delivery.start(message, plan);

      if (fault) return strike(fault, faults, request, reply);
      return reply.code(201).send(accepted);
    });

    app.get<{ Querystring: ListParams }>(collection, async (request, reply) => {
      const { query } = request;
      const fault = faults.take('answer', [query.To ?? '', query.From ?? ''], 'read');
      if (fault) return strike(fault, faults, request, reply);
      return toTwilioList(query);
    });

    app.get<OneMessage>(item, async (request, reply) => {
      const message = find(request);
      const fault = faults.take('answer', [message.to, message.from], 'read');
      if (fault) return strike(fault, faults, request, reply);
      return view(message);
    });

    app.post<OneMessage & { Body: Form }>(item, async (request) => {
      const message = find(request);
      const { Status, Body } = request.body ?? {};
      if (Status === 'canceled') {
        if (!isWaiting(message)) throw new TwilioError(400, 30409, 'This message cannot be canceled');
        store.setStatus(message, 'canceled');
      }
      if (Body !== undefined) {
        // Twilio lets a text be erased, not rewritten.
        if (Body !== '') throw new TwilioError(400, 20001, 'Invalid parameter Body');
        store.setBody(message, '');
      }
      return view(message);
    });

    app.delete<OneMessage>(item, async (request, reply) => {
      const message = find(request);
      if (!isComplete(message)) throw new TwilioError(409, 20009);
      store.delete(message);
      return reply.code(204).send();
    });
  };

  function find(request: FastifyRequest<OneMessage>): Message {
    const message = store.find(request.params.sid);
    if (!message) throw notFound(pathOf(request));
    return message;
  }

  function readDraft(form: Form) {
    const { To: to, From, MessagingServiceSid: service, Body: body, StatusCallback: statusCallback } = form;
    if (!to) throw new TwilioError(400, 21604);
    if (!e164.test(to)) throw new TwilioError(400, 21211, `Invalid 'To' Phone Number: ${to}`);
    if (!From && !service) throw new TwilioError(400, 21603);
    if (From && From !== account.number) throw new TwilioError(400, 21606);
    if (service && !messagingServiceSid.test(service))
      throw new TwilioError(404, 21701, 'Messaging Service not found');
    if (to === account.number) throw new TwilioError(400, 21266);
    if (!body) throw new TwilioError(400, 21602);
    if ([...body].length > maxBodyLength) throw new TwilioError(400, 21617);
    if (statusCallback && !isWebUrl(statusCallback)) throw new TwilioError(400, 21609);
    if (store.isOptedOut(to)) throw new TwilioError(400, 21610);
    return {
      direction: 'outbound' as const,
      to,
      from: account.number,
      body,
      status: service ? ('accepted' as const) : ('queued' as const),
      messagingServiceSid: service ?? null,
      statusCallback: statusCallback || null,
    };
  }

  function toTwilioList(query: ListParams) {
    const { messages, page, pageSize, nextToken } = listMessages(store, query);
    const uriOf = (number: number, token?: string) => {
      const search = new URLSearchParams(query);
      search.delete('PageToken');
      search.set('PageSize', String(pageSize));
      search.set('Page', String(number));
      if (token !== undefined) search.set('PageToken', token);
      return `${messagesPath(accountSid)}.json?${search}`;
    };
    const start = page * pageSize;
    return {
      first_page_uri: uriOf(0),
      end: Math.max(start, start + messages.length - 1),
      previous_page_uri: page > 0 ? uriOf(page - 1) : null,
      messages: messages.map(view),
      uri: uriOf(page, query.PageToken),
      page_size: pageSize,
      start,
      next_page_uri: nextToken === undefined ? null : uriOf(page + 1, nextToken),
      page,
    };
  }
}

type AnswerFault = NonNullable<ReturnType<typeof Faults.prototype.take<'answer'>>>;

/** Lets a fault have the request: refuses it, leaves it unanswered or cuts its connection. */
function strike(
  fault: AnswerFault,
  faults: Faults,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (fault.kind === 'error') throw refusal(fault);
  reply.hijack();
  if (fault.kind === 'hang') faults.hang(fault, reply.raw);
  else request.raw.socket.destroy();
  return reply;
}

const codesByStatus: Record<number, number> = { 401: 20003, 404: 20404, 429: 20429, 500: 20500, 503: 20503 };
const statusesByCode = Object.fromEntries(
  Object.entries(codesByStatus).map(([status, code]) => [code, Number(status)]),
);

function refusal({ status, code, retryAfter }: AnswerFault): TwilioError {
  const isServerFault = status !== undefined && status >= 500;
  const finalCode = code ?? codesByStatus[status!] ?? (isServerFault ? 20500 : 20001);
  const headers: Record<string, string> =
    retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) };
  return new TwilioError(status ?? statusesByCode[finalCode] ?? 400, finalCode, undefined, headers);
}

/** Answers every error in Twilio's form. */
export function answerError(error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const statusCode = (error as { statusCode?: number }).statusCode;
  const refused =
    error instanceof TwilioError
      ? error
      : new TwilioError(statusCode ?? 500, statusCode && statusCode < 500 ? 20001 : 20500);
  return reply.code(refused.status).headers(refused.headers).send(refused.toBody());
}

const pathOf = (request: FastifyRequest) => request.url.split('?')[0]!;

const isWebUrl = (text: string) => /^https?:$/.test(URL.parse(text)?.protocol ?? '');
