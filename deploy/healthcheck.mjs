/** Ends with 0 when the address answers 200: `healthcheck.mjs [URL]`, by default the API of this container. */
const url = process.argv[2] ?? `http://127.0.0.1:${process.env.KRONUS_PORT || 3900}/health`;
const LIMIT_MS = 4_000;

try {
  const { status } = await fetch(url, { signal: AbortSignal.timeout(LIMIT_MS) });
  if (status !== 200) throw new Error(`it answered ${status}`);
} catch (error) {
  console.error(`${url}: ${error.cause?.message ?? error.message}`);
  process.exit(1);
}
