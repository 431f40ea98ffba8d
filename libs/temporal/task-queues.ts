/** The queues that workers listen on. */
export const TASK_QUEUES = {
  /** Workflows, and activities that touch only our own database. */
  main: 'kronus',
  /** Activities that hand texts to the provider; limited to the number's rate, shared by all workers. */
  sending: 'kronus-sending',
} as const;

/**
 * How one attempt to send runs: longer than the messenger's time-outs and the wait for its turn together, and given up soon after its worker died
 * (workers heartbeat for as long as an attempt runs).
 */
export const SENDING = {
  taskQueue: TASK_QUEUES.sending,
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '6 seconds',
} as const;

/**
 * How one attempt to send an e-mail runs: on the main queue, because the rate of texts is not that of mails, and longer than the
 * mailer's time-outs together.
 */
export const MAILING = { taskQueue: TASK_QUEUES.main, startToCloseTimeout: '2 minutes' } as const;

/**
 * Which sending goes first when the queue is full, 1 before 5 (Temporal, "Task queue priority").
 * Somebody who may be in danger goes before everything; a question asked again before one asked first, and before a code
 * that somebody waits for; then what is no question; a drill last.
 */
export const PRIORITY = { escalation: 1, followUp: 2, checkIn: 3, code: 3, notice: 4, drill: 5 } as const;
