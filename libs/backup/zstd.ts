import {
  constants,
  createZstdCompress,
  createZstdDecompress,
  type ZstdCompress,
  type ZstdDecompress,
} from 'node:zlib';

// Higher levels cost much time on rows that are mostly numbers, for a few percent.
const LEVEL = 3;
const CHUNK_BYTES = 128 * 1024;
// 16 MiB: four times what any level up to 15 asks for. A frame that wants more would only be made to fill the memory.
const GREATEST_WINDOW_LOG = 24;

/** Compresses, with a checksum at the end. */
export const compressor = (): ZstdCompress =>
  createZstdCompress({
    chunkSize: CHUNK_BYTES,
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_checksumFlag]: 1 },
  });

/** Decompresses with bounded memory. */
export const decompressor = (): ZstdDecompress =>
  createZstdDecompress({
    chunkSize: CHUNK_BYTES,
    params: { [constants.ZSTD_d_windowLogMax]: GREATEST_WINDOW_LOG },
  });
