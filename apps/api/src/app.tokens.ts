/** Injects the validated configuration (`Config`). */
export const CONFIG = Symbol('CONFIG');
/** Injects the source of the present (`Clock`). */
export const CLOCK = Symbol('CLOCK');
