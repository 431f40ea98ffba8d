import type { WorkflowService } from '@temporalio/client';
import proto from '@temporalio/proto';

/** Everything that Temporal keeps of one execution of a workflow, as it came over the wire. */
export interface KeptExecution {
  workflowId: string;
  /** Ids, memo, search attributes, the whole history, and what is pending with its last failure. */
  bytes: Buffer;
}

const AT_ONCE = 8;
const PAGE_SIZE = 1_000;
const v1 = proto.temporal.api.workflowservice.v1;

/** Reads all executions of a namespace without decoding a payload; anything that is readable in them stays so. */
export async function keptInTemporal(
  service: WorkflowService,
  namespace = 'default',
): Promise<KeptExecution[]> {
  const kept: KeptExecution[] = [];
  const { executions } = await service.listWorkflowExecutions({ namespace, pageSize: PAGE_SIZE });
  const left = [...executions];
  const read = async () => {
    for (let next = left.pop(); next; next = left.pop()) {
      const execution = next.execution!;
      const described = await service.describeWorkflowExecution({ namespace, execution });
      const bytes = [Buffer.from(v1.DescribeWorkflowExecutionResponse.encode(described).finish())];
      let nextPageToken: Uint8Array | undefined;
      do {
        const page = await service.getWorkflowExecutionHistory({ namespace, execution, nextPageToken });
        bytes.push(Buffer.from(v1.GetWorkflowExecutionHistoryResponse.encode(page).finish()));
        nextPageToken = page.nextPageToken;
      } while (nextPageToken?.length);
      kept.push({ workflowId: execution.workflowId!, bytes: Buffer.concat(bytes) });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, read));
  return kept;
}
