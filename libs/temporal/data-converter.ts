import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { EncryptionCodec, type EncryptionKey } from './encryption.codec.ts';

/** How clients and workers write what Temporal keeps: encrypted when there are keys, else as Temporal does by itself. */
export function dataConverterOf(keys: readonly EncryptionKey[]): DataConverter | undefined {
  const [first, ...others] = keys;
  if (!first) return undefined;
  const file = `./failure.converter.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`;
  return {
    payloadCodecs: [new EncryptionCodec([first, ...others])],
    failureConverterPath: fileURLToPath(new URL(file, import.meta.url)),
  };
}
