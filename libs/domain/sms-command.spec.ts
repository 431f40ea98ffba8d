import { describe, expect, it } from '@jest/globals';
import { readCommand } from './sms-command.ts';

describe('readCommand', () => {
  it.each(['ping', 'PING', ' Ping hello '])('answers %p', (body) =>
    expect(readCommand(body)).toEqual({ do: 'answer', text: 'PONG!' }),
  );

  it('lists the commands', () => {
    expect(readCommand('Usage')).toMatchObject({
      do: 'answer',
      text: expect.stringContaining('probe   Ask kronus'),
    });
  });

  it.each([
    ['probe', { inMinutes: 5, maxRetries: 3, waitMinutes: 10 }],
    ['Probe -in 20', { inMinutes: 20, maxRetries: 3, waitMinutes: 10 }],
    ['probe --retries 0 -wait=15 -in 1', { inMinutes: 1, maxRetries: 0, waitMinutes: 15 }],
  ])('orders a check by %p', (body, order) => expect(readCommand(body)).toEqual({ do: 'check', order }));

  it.each([
    ['probe --help', /^Usage of probe:/],
    ['probe -in x', /^invalid value "x" for flag -in: parse error\nUsage of probe:/],
    ['probe -in 0', /^-in must be from 1 to 1440\n/],
    ['probe -retries 7', /^-retries must be from 0 to 6\n/],
    ['probe -wait 4', /^-wait must be from 5 to 120\n/],
    ['probe -wait', /^flag needs an argument: -wait\n/],
    ['probe -zz 3', /^flag provided but not defined: -zz\n/],
    ['probe me', /^flag provided but not defined: me\n/],
    ['probe -in -5', /^invalid value "-5"/],
  ])('refuses %p', (body, text) =>
    expect(readCommand(body)).toEqual({ do: 'answer', text: expect.stringMatching(text) }),
  );

  it.each(['yes', '', 'probes', 'pinging', 'stop'])('takes %p for no command', (body) =>
    expect(readCommand(body)).toEqual({ do: 'none' }),
  );
});
