/** Works through `items`, so many at a time; stops taking new ones when one fails. */
export async function forEachAtOnce<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const queue = items.values();
  let hasFailed = false;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = queue.next(); !next.done && !hasFailed; next = queue.next()) {
        await work(next.value).catch((error: unknown) => {
          hasFailed = true;
          throw error;
        });
      }
    }),
  );
}
