/** Takes known amounts of bytes from a stream of blocks, one after the other. */
export class ByteCursor {
  private readonly blocks: AsyncIterator<Uint8Array>;
  private rest: Buffer = Buffer.alloc(0);

  constructor(blocks: AsyncIterable<Uint8Array>) {
    this.blocks = blocks[Symbol.asyncIterator]();
  }

  /** The next `bytes` bytes, block by block; ends early when the stream does. All of it must be read before the next call. */
  async *take(bytes: number): AsyncGenerator<Buffer> {
    let missing = bytes;
    while (missing > 0 && (await this.fill())) {
      const part = this.rest.subarray(0, missing);
      this.rest = this.rest.subarray(part.length);
      missing -= part.length;
      yield part;
    }
  }

  /** The next `bytes` bytes at once, fewer where the stream ends. For small amounts. */
  async takeAll(bytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of this.take(bytes)) parts.push(part);
    return Buffer.concat(parts);
  }

  async isAtEnd(): Promise<boolean> {
    return !(await this.fill());
  }

  /** Gives the stream back. */
  async close(): Promise<void> {
    await this.blocks.return?.();
  }

  private async fill(): Promise<boolean> {
    while (this.rest.length === 0) {
      const { done, value } = await this.blocks.next();
      if (done) return false;
      this.rest = Buffer.from(value.buffer, value.byteOffset, value.length);
    }
    return true;
  }
}
