import { readFileSync } from 'node:fs';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Message } from '../messages/message.ts';
import type { MessageStore } from '../messages/message.store.ts';
import type { Delivery } from '../webhooks/delivery.ts';
import type { Inbound } from '../webhooks/inbound.ts';
import type { Faults } from './faults.ts';
import {
  CallbacksQuery,
  FaultOrder,
  ManualCallback,
  MessagesQuery,
  PhoneNumber,
  PhoneText,
} from './control.schemas.ts';

interface Parts {
  store: MessageStore;
  faults: Faults;
  delivery: Delivery;
  inbound: Inbound;
}

const page = readFileSync(new URL('./phones.html', import.meta.url));
const maxMessagesOnPage = 1_000;

/** The control API and the page with the phones, for callers on this machine only. */
export function controlRoutes({ store, faults, delivery, inbound }: Parts) {
  return async (app: FastifyInstance): Promise<void> => {
    app.setErrorHandler(answerError);
    app.addHook('onRequest', refuseStrangers);

    app.get('/', async (_request, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .header(
          'Content-Security-Policy',
          "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:",
        )
        .send(page),
    );

    app.post<{ Params: { number: string } }>('/control/phones/:number/messages', async (request) => {
      const number = read(PhoneNumber, request.params.number, 'number');
      const text = read(PhoneText, request.body);
      const known = text.sid === undefined ? undefined : store.find(text.sid);
      if (known && (known.direction !== 'inbound' || known.from !== number)) {
        throw new ControlError(400, 'sid belongs to a message that this phone did not send.');
      }
      return inbound.receive(number, text);
    });

    app.get('/control/messages', async (request, reply) => {
      const { since, to, from, waitMs } = read(MessagesQuery, request.query);
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const messages = await store.waitSince(since, { to, from }, waitMs, gone.signal);
      return { messages: messages.map(toView), cursor: Math.max(since, messages.at(-1)?.cursor ?? 0) };
    });

    app.delete('/control/messages', async (_request, reply) => {
      store.clear();
      return reply.code(204).send();
    });

    app.get('/control/phones', async () => ({
      phones: store.conversations().map(({ number, lastMessage }) => ({
        number,
        lastMessage: toView(lastMessage),
        optedOut: store.isOptedOut(number),
      })),
    }));

    app.get('/control/callbacks', async (request) =>
      delivery.callbacks(read(CallbacksQuery, request.query).since),
    );

    app.post<{ Params: { sid: string } }>('/control/callbacks/:sid', async (request) => {
      const { status, errorCode = null } = read(ManualCallback, request.body);
      const message = store.find(request.params.sid);
      if (!message) throw new ControlError(404, 'There is no message of this sid.');
      store.setStatus(message, status, errorCode);
      const record = await delivery.callBack(message, status, errorCode);
      if (!record) throw new ControlError(400, 'This message was sent without a StatusCallback.');
      return record;
    });

    app.post('/control/faults', async (request) => ({ id: faults.order(read(FaultOrder, request.body)).id }));
    app.get('/control/faults', async () => ({ faults: faults.list() }));
    app.delete('/control/faults', async (_request, reply) => {
      faults.clear();
      return reply.code(204).send();
    });
    app.get<{ Params: { id: string } }>('/control/faults/:id', async (request) => {
      const fault = faults.find(request.params.id);
      if (!fault) throw new ControlError(404, 'There is no fault of this id.');
      return fault;
    });
    app.delete<{ Params: { id: string } }>('/control/faults/:id', async (request, reply) => {
      faults.delete(request.params.id);
      return reply.code(204).send();
    });

    app.get('/control/events', (_request, reply) => streamEvents(store, reply));
  };
}

/** Server-sent events for the page: first all it needs, then each change; a reconnect starts over. */
function streamEvents(store: MessageStore, reply: FastifyReply): void {
  reply.hijack();
  reply.raw.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  const send = (event: string, data: unknown) =>
    reply.raw.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const sendState = () =>
    send('state', {
      messages: store.newest(maxMessagesOnPage).map(toView),
      optedOut: store.optedOutNumbers(),
    });
  const sendMessage = (message: Message) => send('message', toView(message));
  const sendOptOut = () => send('optOut', store.optedOutNumbers());
  sendState();
  store
    .on('message', sendMessage)
    .on('changed', sendMessage)
    .on('optOut', sendOptOut)
    .on('cleared', sendState);
  reply.raw.once('close', () =>
    store
      .off('message', sendMessage)
      .off('changed', sendMessage)
      .off('optOut', sendOptOut)
      .off('cleared', sendState),
  );
}

function toView(message: Message) {
  const { cursor, sid, direction, to, from, body, status, errorCode, createdAt, statusCallback } = message;
  return {
    cursor,
    sid,
    direction,
    to,
    from,
    body,
    status,
    ...(errorCode !== null && { errorCode }),
    createdAt: new Date(createdAt).toISOString(),
    ...(statusCallback !== null && { statusCallback }),
  };
}

/** A refusal of the control API, with one sentence for its caller. */
class ControlError extends Error {
  constructor(
    readonly statusCode: number,
    message: string,
  ) {
    super(message);
  }
}

function read<T extends z.ZodType>(schema: T, value: unknown, name = 'The body'): z.output<T> {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new ControlError(400, `${issue.path.join('.') || name}: ${issue.message}.`);
}

/** Only this machine may give orders; the Host is checked so that no web page gets in by DNS rebinding. */
async function refuseStrangers(request: FastifyRequest): Promise<void> {
  const isNear = /^(::ffff:)?127\.|^::1$/.test(request.ip);
  const isLocalName = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(request.headers.host ?? '');
  if (!isNear || !isLocalName) throw new ControlError(403, 'The control API serves this machine only.');
}

function answerError(error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { statusCode = 500, message } = error as { statusCode?: number; message: string };
  return reply.code(statusCode).send({ error: message });
}
