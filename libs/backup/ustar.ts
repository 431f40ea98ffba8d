/** What a tar is cut into. */
export const BLOCK = 512;

/** Two empty blocks end a tar. */
export const END_OF_TAR = Buffer.alloc(2 * BLOCK);

const MODE = '0000600';
const GREATEST_OCTAL_SIZE = 0o77777777777;

/**
 * The header of a file in a tar (POSIX ustar). Nothing in it but name, size and time differs, so a reader that knows
 * these compares whole headers, and need not understand any other.
 * @param file of ASCII, at most 100 letters before and after its one slash
 */
export function ustarHeader(file: string, bytes: number, modifiedAt: Date): Buffer {
  const block = Buffer.alloc(BLOCK);
  const slash = file.length > 100 ? file.indexOf('/') : -1;
  block.write(file.slice(slash + 1), 0, 100, 'ascii');
  block.write(MODE, 100, 'ascii');
  block.write('0000000', 108, 'ascii');
  block.write('0000000', 116, 'ascii');
  writeSize(block, bytes);
  block.write(octal(Math.floor(modifiedAt.getTime() / 1000), 11), 136, 'ascii');
  block.fill(' ', 148, 156);
  block.write('0', 156, 'ascii');
  block.write('ustar\u000000', 257, 'ascii');
  if (slash > 0) block.write(file.slice(0, slash), 345, 155, 'ascii');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\u0000 `, 148, 'ascii');
  return block;
}

/** Size and time as a header claims them; anything that is not a header of ours may come out as NaN. */
export function claimsOf(block: Buffer): { bytes: number; modifiedAt: Date } {
  const bytes = parseInt(block.toString('ascii', 124, 135), 8);
  const seconds = parseInt(block.toString('ascii', 136, 147), 8);
  return { bytes, modifiedAt: new Date(seconds * 1000) };
}

/** How many bytes of nothing follow a file of so many bytes. */
export const paddingOf = (bytes: number): number => (BLOCK - (bytes % BLOCK)) % BLOCK;

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');

/** From 8 GiB on as a binary number, as GNU tar and others write it. */
function writeSize(block: Buffer, bytes: number): void {
  if (bytes <= GREATEST_OCTAL_SIZE) {
    block.write(octal(bytes, 11), 124, 'ascii');
    return;
  }
  block[124] = 0x80;
  block.writeBigUInt64BE(BigInt(bytes), 128);
}
