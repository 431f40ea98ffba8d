const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * The texts that a webhook's answer asks to send: each `<Message>` of TwiML, or the whole of a text/plain
 * answer, as Twilio reads them. Anything else sends nothing.
 */
export function textsToSend(body: string, contentType: string | null): string[] {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  if (type === 'text/plain') return body.trim() ? [body.trim()] : [];
  if (!type || !['text/xml', 'application/xml', 'text/html'].includes(type)) return [];

  const response = /<Response>([\s\S]*)<\/Response>/.exec(body)?.[1] ?? '';
  return [...response.matchAll(/<Message(?:\s[^>]*)?>([\s\S]*?)<\/Message>/g)].map(([, content]) => {
    const nested = /<Body>([\s\S]*?)<\/Body>/.exec(content!)?.[1];
    return unescapeXml(nested ?? content!).trim();
  });
}

function unescapeXml(text: string): string {
  return text.replace(/<!\[CDATA\[([\s\S]*?)\]\]>|&(#x[\da-f]+|#\d+|\w+);/gi, (whole, raw, entity) => {
    if (entity === undefined) return raw;
    if (entity.startsWith('#x')) return String.fromCodePoint(parseInt(entity.slice(2), 16));
    if (entity.startsWith('#')) return String.fromCodePoint(Number(entity.slice(1)));
    return entities[entity] ?? whole;
  });
}
