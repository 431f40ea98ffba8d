import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** What stands for the name server of a container network. */
export interface NameServer {
  /** `127.0.0.1:port`, by UDP. */
  address: string;
  stop(): Promise<void>;
}

const HEADER_BYTES = 12;
const TYPE_A = 1;
const NO_SUCH_NAME = 3;
const SECONDS = 1;

/** Answers, by IPv4 address, where a service runs at this moment; `addressesOf` answers nothing for what it does not know. */
export async function startNameServer(addressesOf: (name: string) => string[]): Promise<NameServer> {
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => socket.send(answer(query, addressesOf), port, address));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    stop: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** RFC 1035, sections 4.1.1 to 4.1.3, for one question. */
function answer(query: Buffer, addressesOf: (name: string) => string[]): Buffer {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = query.readUInt16BE(at + 1);
  const question = query.subarray(HEADER_BYTES, at + 5);
  const addresses = addressesOf(labels.join('.').toLowerCase());
  const records = type === TYPE_A ? addresses.map(record) : [];

  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  // A response, recursion as wanted and available.
  header.writeUInt16BE(0x8180 | (addresses.length === 0 ? NO_SUCH_NAME : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, question, ...records]);
}

function record(address: string): Buffer {
  // The name is the one at byte 12: the question's. Type A, class IN, time to live, four bytes.
  const head = Buffer.from([0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, SECONDS, 0, 4]);
  return Buffer.concat([head, Buffer.from(address.split('.').map(Number))]);
}
