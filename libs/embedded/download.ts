import { createWriteStream } from 'node:fs';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { runCommand } from './run-command.ts';
import type { Say } from './progress.ts';

const CONNECT_LIMIT_MS = 4_000;
const DOWNLOAD_LIMIT_MS = 10 * 60_000;
const MEBIBYTE = 1024 * 1024;

/**
 * Opens a URL, giving up after a few seconds: on a closed network the next way should not have to wait.
 * @returns undefined when the server is out of reach or refuses.
 */
export const open = async (url: string): Promise<Response | undefined> => {
  const impatience = new AbortController();
  const timer = setTimeout(() => impatience.abort(), CONNECT_LIMIT_MS);
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([impatience.signal, AbortSignal.timeout(DOWNLOAD_LIMIT_MS)]),
    });
    if (response.ok) return response;
    await response.body?.cancel();
    return undefined;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
};

/**
 * Downloads a `.tar.gz` and takes one file (named as in the archive) out of it into the folder of `archive`.
 * @returns false when the server is out of reach or the archive does not arrive whole.
 */
export const downloadFromArchive = async (
  url: string,
  file: string,
  archive: string,
  say: Say,
): Promise<boolean> => {
  const response = await open(url);
  if (!response?.body) return false;
  let bytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      say(`downloading, ${Math.round(bytes / MEBIBYTE)} MiB so far`);
      done(null, chunk);
    },
  });
  try {
    await pipeline(Readable.from(response.body), count, createWriteStream(archive));
    await runCommand('tar', ['-xzf', archive, '-C', dirname(archive), file]);
    return true;
  } catch {
    return false;
  }
};
