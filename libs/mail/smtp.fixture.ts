import { createServer, type Server, type Socket } from 'node:net';

/** A mail as it came over the wire. */
export interface ReceivedMail {
  from: string;
  to: string[];
  /** Header fields by their names in lower case. */
  headers: Record<string, string>;
  body: string;
}

/** The reply to a command, in place of the usual one. */
export type Reply = { command: 'MAIL' | 'RCPT' | 'DATA' | 'END'; says: string };

/** A small real SMTP server for tests, without TLS. It refuses what `refuse` says, for as long as it says so. */
export class SmtpServer {
  readonly mails: ReceivedMail[] = [];
  /** What is refused, oldest first; `null` is nothing. */
  refuse: Reply | null = null;
  #waiting: { count: number; resolve: () => void }[] = [];

  private constructor(
    private readonly server: Server,
    private readonly sockets: Set<Socket>,
  ) {}

  static async start(): Promise<SmtpServer> {
    const sockets = new Set<Socket>();
    const net = createServer();
    const smtp = new SmtpServer(net, sockets);
    net.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
      smtp.talk(socket);
    });
    await new Promise<void>((resolve) => net.listen(0, '127.0.0.1', resolve));
    return smtp;
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  /** Waits until so many mails came in all. */
  async received(count: number): Promise<void> {
    if (this.mails.length >= count) return;
    await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private talk(socket: Socket): void {
    const say = (line: string) => void socket.write(`${line}\r\n`);
    let mail = emptyMail();
    let data: string[] | null = null;
    let rest = '';
    const take = (line: string): void => {
      if (data !== null) {
        if (line !== '.') return void data.push(line.replace(/^\./, ''));
        const text = data.join('\n');
        data = null;
        if (this.refuse?.command === 'END') return say(this.refuse.says);
        this.mails.push({ ...mail, ...parse(text) });
        mail = emptyMail();
        say('250 taken');
        this.#waiting = this.#waiting.filter(({ count, resolve }) =>
          this.mails.length >= count ? void resolve() : true,
        );
        return;
      }
      const command = line.slice(0, 4).toUpperCase();
      if (this.refuse?.command === command) return say(this.refuse.says);
      const address = /<(.*)>/.exec(line)?.[1] ?? '';
      if (command === 'MAIL') mail.from = address;
      if (command === 'RCPT') mail.to.push(address);
      if (command === 'DATA') {
        data = [];
        return say('354 go on');
      }
      say(command === 'QUIT' ? '221 bye' : '250 ok');
      if (command === 'QUIT') socket.end();
    };
    socket.on('data', (chunk) => {
      const lines = (rest + String(chunk)).split('\r\n');
      rest = lines.pop()!;
      lines.forEach(take);
    });
    say('220 test');
  }
}

const emptyMail = (): ReceivedMail => ({ from: '', to: [], headers: {}, body: '' });

function parse(text: string): Pick<ReceivedMail, 'headers' | 'body'> {
  const end = text.indexOf('\n\n');
  const fields = text.slice(0, end).replace(/\n[ \t]+/g, ' ');
  const headers = Object.fromEntries(
    fields.split('\n').map((field) => {
      const colon = field.indexOf(':');
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
    }),
  );
  return { headers, body: text.slice(end + 2) };
}
