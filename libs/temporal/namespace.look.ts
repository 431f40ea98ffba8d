import { isGrpcServiceError, type Connection } from '@temporalio/client';
import { PartFault } from '#libs/domain/health';

const LIMIT_MS = 1_000;
/** gRPC status codes that say more than that nobody answers. Source: gRPC, "Status codes and their use". */
const MEANING: Record<number, string> = {
  5: 'the namespace is not there',
  7: 'refuses the credentials',
  16: 'refuses the credentials',
};

/** Resolves when the server knows the namespace, within a second. @throws PartFault without an address */
export async function lookAtNamespace(connection: Connection, namespace: string): Promise<void> {
  try {
    await connection.withDeadline(Date.now() + LIMIT_MS, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
  } catch (error) {
    const meaning = isGrpcServiceError(error) ? MEANING[error.code] : undefined;
    throw new PartFault(meaning ?? 'does not answer');
  }
}
