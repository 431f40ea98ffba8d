import { expect, it } from '@jest/globals';
import { twiml } from './twiml.ts';

it('answers nothing with the empty response', () => expect(twiml(null)).toBe('<Response />'));

it('escapes what XML would read', () =>
  expect(twiml(`a <b> & "c" 'd'\u0000`)).toBe(
    `<Response><Message>a &lt;b&gt; &amp; "c" 'd'</Message></Response>`,
  ));
