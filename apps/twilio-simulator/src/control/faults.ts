import type { ServerResponse } from 'node:http';
import type { FaultOrder } from './control.schemas.ts';

/** What a fault bears on: the answer to a request, how the message ends, or its callbacks. */
const stages = {
  error: 'answer',
  hang: 'answer',
  drop: 'answer',
  undelivered: 'outcome',
  failed: 'outcome',
  'callback-first': 'callbacks',
  'callback-duplicate': 'callbacks',
  'callback-late': 'callbacks',
  'callback-reorder': 'callbacks',
  'callback-none': 'callbacks',
} as const;

type Stages = typeof stages;
/** Every kind of fault that can be ordered. */
export type FaultKind = keyof Stages;
type FaultStage = Stages[FaultKind];

/** The order with its kind narrowed to those of one stage. */
export type FaultOf<S extends FaultStage> = Fault & {
  kind: { [K in FaultKind]: Stages[K] extends S ? K : never }[FaultKind];
};

/** An ordered fault with what is left of it. */
export interface Fault extends FaultOrder {
  readonly id: string;
  /** How often it struck. */
  hits: number;
  /** Epoch milliseconds; absent: until it is used up or deleted. */
  readonly expiresAt?: number;
}

const everyone = 'everyone';

/** The faults in force, by phone number. A fault for one number goes before one for everyone, the older first. */
export class Faults {
  private readonly all = new Map<string, Fault>();
  private readonly byNumber = new Map<string, Fault[]>();
  private readonly hanging = new Map<string, Set<ServerResponse>>();
  private lastId = 0;

  order(order: FaultOrder): Fault {
    this.forgetSpent();
    const id = `fault-${(this.lastId += 1)}`;
    const { seconds } = order;
    const fault: Fault = {
      ...order,
      id,
      hits: 0,
      ...(seconds !== undefined && { expiresAt: Date.now() + seconds * 1000 }),
    };
    this.all.set(id, fault);
    const number = order.to ?? everyone;
    this.byNumber.set(number, [...(this.byNumber.get(number) ?? []), fault]);
    return fault;
  }

  /** The fault that strikes this request to `on` about any of `numbers`, if any; counts the hit. */
  take<S extends FaultStage>(stage: S, numbers: string[], on: 'create' | 'read' = 'create') {
    if (this.all.size === 0) return undefined;
    for (const number of [...numbers, everyone]) {
      const fault = this.byNumber
        .get(number)
        ?.find((each) => stages[each.kind] === stage && isInForce(each) && [on, 'any'].includes(each.on));
      if (!fault) continue;
      fault.hits += 1;
      return fault as FaultOf<S>;
    }
    return undefined;
  }

  /** Keeps a request unanswered until the fault is deleted or the client leaves. */
  hang(fault: Fault, response: ServerResponse): void {
    const responses = this.hanging.get(fault.id) ?? new Set();
    this.hanging.set(fault.id, responses.add(response));
    response.once('close', () => responses.delete(response));
  }

  /** All faults that can still strike or still hold a request. */
  list(): Fault[] {
    return [...this.all.values()].filter((fault) => isInForce(fault) || this.hanging.get(fault.id)?.size);
  }

  find(id: string): Fault | undefined {
    return this.all.get(id);
  }

  /** Ends a fault and closes the requests that hang on it; does nothing for an unknown id. */
  delete(id: string): void {
    const fault = this.all.get(id);
    if (!fault) return;
    this.all.delete(id);
    const number = fault.to ?? everyone;
    this.byNumber.set(
      number,
      this.byNumber.get(number)!.filter((each) => each !== fault),
    );
    this.hanging.get(id)?.forEach((response) => response.destroy());
    this.hanging.delete(id);
  }

  clear(): void {
    for (const id of this.all.keys()) this.delete(id);
  }

  private forgetSpent(): void {
    const kept = new Set(this.list());
    for (const fault of this.all.values()) if (!kept.has(fault)) this.delete(fault.id);
  }
}

const isInForce = ({ count, hits, expiresAt }: Fault): boolean =>
  hits < (count ?? Infinity) && Date.now() < (expiresAt ?? Infinity);
