/**
 * Reads at most once in `keepMs`, and never twice at the same time, however often it is asked: whoever asks in between
 * gets the last answer. A reading that failed is not remembered.
 */
export function remembered<T>(
  read: () => Promise<T>,
  keepMs: number,
  now: () => number = () => performance.now(),
): () => Promise<T> {
  let reading: Promise<T> | undefined;
  let readAt = -Infinity;
  let isSettled = true;
  return () => {
    if (reading && (!isSettled || now() - readAt < keepMs)) return reading;
    const started = (reading = read());
    isSettled = false;
    started.then(
      () => {
        isSettled = true;
        readAt = now();
      },
      () => {
        isSettled = true;
        reading = undefined;
      },
    );
    return started;
  };
}
