import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import { controlRoutes } from './control/control.routes.ts';
import { Faults } from './control/faults.ts';
import { MessageStore } from './messages/message.store.ts';
import { answerError, messagesRoutes } from './rest/messages.routes.ts';
import { notFound } from './rest/twilio.errors.ts';
import { Delivery } from './webhooks/delivery.ts';
import { Inbound, type Account } from './webhooks/inbound.ts';
import { WebhookSender } from './webhooks/webhook.sender.ts';
import type { Message } from './messages/message.ts';

/** How a simulator is set up; without a `webhookUrl` inbound messages are kept but announced to nobody. */
export interface SimulatorOptions extends Account {
  port: number;
  host: string;
  /** The journal file; without it everything is forgotten at the end. */
  journal?: string | undefined;
  /** How long a message is with Twilio before it goes; 20 ms by default, so that the API's answer normally comes first. */
  transitMs?: number | undefined;
  /** Called with each text on its way to a phone. */
  onText?: ((message: Message) => void) | undefined;
}

/** A simulator that is serving. */
export interface Simulator {
  url: string;
  /** Cuts every open connection and resolves when the port is free again. */
  close(): Promise<void>;
}

/**
 * Serves Twilio's API, the control API and the page on one port; port 0 takes a free one.
 * @throws Error with code EADDRINUSE when the port is taken, or when the journal cannot be read.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const store = new MessageStore(options.journal);
  const faults = new Faults();
  const sender = new WebhookSender(options.authToken);
  const delivery = new Delivery(options.accountSid, store, sender, faults, options.transitMs ?? 20);
  const inbound = new Inbound(options, store, sender);
  const { onText } = options;
  if (onText) store.on('message', (message) => message.direction !== 'inbound' && onText(message));

  const app = fastify({ forceCloseConnections: true });
  app.removeContentTypeParser('text/plain');
  app.setNotFoundHandler((request, reply) =>
    answerError(notFound(request.url.split('?')[0]!), request, reply),
  );
  app.register(messagesRoutes({ account: options, store, faults, delivery }));
  app.register(controlRoutes({ store, faults, delivery, inbound }));
  const close = async () => {
    delivery.close();
    sender.close();
    await app.close();
    store.close();
  };

  try {
    await app.listen({ port: options.port, host: options.host });
  } catch (error) {
    await close();
    throw error;
  }
  delivery.resume();
  const { port } = app.server.address() as AddressInfo;
  return { url: `http://${options.host}:${port}`, close };
}
