const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
// XML 1.0 has no place for these at all, escaped or not.
// oxlint-disable-next-line no-control-regex
const NOT_XML = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g;

/**
 * The answer to Twilio's message webhook: one text back, or none. Written by hand because the form
 * `<Response />`, without an XML declaration, is what callers of the original rely on.
 */
export function twiml(text: string | null): string {
  if (!text) return '<Response />';
  const escaped = text.replace(NOT_XML, '').replace(/[&<>]/g, (char) => ENTITIES[char]!);
  return `<Response><Message>${escaped}</Message></Response>`;
}
