/**
 * Why a store did not do what it was asked. `exists`: there is an object of that name. `bad_name`: no plain file name.
 * `no_space`: the disk or the quota is full. `unreachable`: it did not answer, or not in time; another try may help.
 * `refused`: it does not take the credentials. `no_bucket`: there is no such bucket. `damaged`: the content that came
 * is not the content that was stored. `failed`: anything else.
 */
export type StoreFaultCode =
  'exists' | 'bad_name' | 'no_space' | 'unreachable' | 'refused' | 'no_bucket' | 'damaged' | 'failed';

/** Thrown by every `ObjectStore`; the message is one sentence for people and holds no secret. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';

  constructor(
    readonly code: StoreFaultCode,
    message: string,
  ) {
    super(message);
  }
}

/** Plain file names that no shell, disk or bucket reads otherwise; a leading dot is the store's own. */
const OBJECT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/** Whether a store can hold an object of that name. */
export const isObjectName = (name: string): boolean => OBJECT_NAME.test(name);

/** Lets plain file names pass. @throws StoreFault bad_name */
export function mustBeObjectName(name: string): void {
  if (!isObjectName(name))
    throw new StoreFault('bad_name', 'the name of a backup has letters, digits, dots, - and _ only');
}
