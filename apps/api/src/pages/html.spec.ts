import { expect, it } from '@jest/globals';
import { markup } from './html.ts';

it('escapes what is put in', () => {
  const evil = `<script>alert("1")</script>&'`;
  expect(markup`<p title="${evil}">${evil}</p>`.text).toBe(
    '<p title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;">&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;</p>',
  );
});

it('takes pieces as they are, lists of them, numbers, and null for nothing', () => {
  const piece = markup`<b>${'<'}</b>`;
  expect(markup`${piece}|${[piece, piece]}|${7}|${null}|`.text).toBe(
    '<b>&lt;</b>|<b>&lt;</b><b>&lt;</b>|7||',
  );
  expect(markup`nothing`.text).toBe('nothing');
});
