import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { EncryptionCodec, type EncryptionKey } from './encryption.codec.ts';

const FAILURE_CONVERTER = `./failure.converter.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`;

/** The file of the failure converter that goes with encryption; workflows are bundled with it. */
export const encryptedFailureConverter = fileURLToPath(new URL(FAILURE_CONVERTER, import.meta.url));

/** How clients and workers write what Temporal keeps: encrypted when there are keys, else as Temporal does by itself. */
export function dataConverterOf(keys: readonly EncryptionKey[]): DataConverter | undefined {
  const [first, ...others] = keys;
  if (!first) return undefined;
  return {
    payloadCodecs: [new EncryptionCodec([first, ...others])],
    failureConverterPath: encryptedFailureConverter,
  };
}
