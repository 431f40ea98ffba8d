import { parseArgs } from 'node:util';
import { e164 } from './messages/message.ts';
import { startSimulator, type SimulatorOptions } from './simulator.ts';

const usage =
  'usage: twilio-simulator --port PORT --account-sid AC… --auth-token TOKEN [--webhook-url URL] [--number +1…]' +
  ' [--messaging-service-sid MG…] [--journal FILE] [--print] [--host HOST]';

/** The settings from the command line. @throws Error with one sentence for a flag that is missing or wrong. */
function readOptions(): SimulatorOptions {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      host: { type: 'string', default: '127.0.0.1' },
      'account-sid': { type: 'string' },
      'auth-token': { type: 'string' },
      'webhook-url': { type: 'string' },
      number: { type: 'string', default: '+15005550006' },
      'messaging-service-sid': { type: 'string' },
      journal: { type: 'string' },
      print: { type: 'boolean', default: false },
    },
  });
  const accountSid = values['account-sid'];
  const authToken = values['auth-token'];
  const webhookUrl = values['webhook-url'];
  if (!/^\d{1,5}$/.test(values.port)) throw new Error('--port must be a port number.');
  if (!accountSid?.startsWith('AC')) throw new Error('--account-sid must be given and start with AC.');
  if (!authToken) throw new Error('--auth-token must be given.');
  if (!e164.test(values.number)) throw new Error('--number must be a phone number such as +15005550006.');
  if (webhookUrl && !URL.canParse(webhookUrl)) throw new Error('--webhook-url must be a URL.');
  return {
    port: Number(values.port),
    host: values.host,
    accountSid,
    authToken,
    webhookUrl,
    number: values.number,
    messagingServiceSid: values['messaging-service-sid'],
    journal: values.journal,
    ...(values.print && { onText: ({ to, body }) => console.log(`to: ${to}; body: ${body}`) }),
  };
}

function explain(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return 'The port is taken by another program; choose one with --port.';
  if (code?.startsWith('ERR_PARSE_ARGS')) return `${message}\n${usage}`;
  return message;
}

try {
  const simulator = await startSimulator(readOptions());
  const stop = () => void simulator.close().then(() => process.exit(0));
  process.once('SIGTERM', stop).once('SIGINT', stop);
  console.log(`ready ${simulator.url}`);
} catch (error) {
  console.error(explain(error));
  process.exit(1);
}
