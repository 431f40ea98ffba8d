import { describe, expect, it } from '@jest/globals';
import { COMMAND_NAMES, readCommand } from './sms-command.ts';
import { readReply } from './replies.ts';

describe('readCommand', () => {
  it.each(['ping', 'PING', ' Ping hello '])('answers %p', (body) =>
    expect(readCommand(body)).toEqual({ do: 'answer', text: 'PONG!' }),
  );

  it('lists the commands', () => {
    expect(readCommand('Usage')).toMatchObject({
      do: 'answer',
      text: expect.stringContaining('probe   Ask kronus'),
    });
    const { text } = readCommand('usage') as { text: string };
    for (const name of COMMAND_NAMES) expect(text).toContain(`\n  ${name} `);
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

  it.each([
    ['pause', 24],
    ['Pause 12h', 12],
    ['pause 3D', 72],
    [' pause  2 w ', 336],
    ['pause 1h', 1],
    ['pause 365d', 8_760],
    ['pause 52w', 8_736],
  ])('pauses by %p for %d hours', (body, hours) => expect(readCommand(body)).toEqual({ do: 'pause', hours }));

  it.each([
    ['pause --help', /^Usage of pause:/],
    ['pause -h', /^Usage of pause:/],
    ['pause 0d', /^the time must be from 1h to 365d\nUsage of pause:/],
    ['pause 366d', /^the time must be from 1h to 365d\n/],
    ['pause 53w', /^the time must be from 1h to 365d\n/],
    ['pause 9999999h', /^invalid value "9999999h" for a time\n/],
    ['pause 30m', /^invalid value "30m" for a time\nUsage of pause:/],
    ['pause 3', /^invalid value "3"/],
    ['pause -3d', /^invalid value "-3d"/],
    ['pause 1.5d', /^invalid value "1.5d"/],
    ['pause until I am back again', /^invalid value "untiliambackagain" for/],
  ])('refuses %p', (body, text) =>
    expect(readCommand(body)).toEqual({ do: 'answer', text: expect.stringMatching(text) }),
  );

  it.each(['resume', ' RESUME ', 'resume now please'])('resumes by %p', (body) =>
    expect(readCommand(body)).toEqual({ do: 'resume' }),
  );

  it('explains resume', () => {
    expect(readCommand('resume --help')).toEqual({ do: 'answer', text: 'Usage of resume:' });
  });

  // Twilio, "Advanced Opt-Out": the default keywords of opt-out, opt-in and help.
  it.each(COMMAND_NAMES)(
    'can be told by %p, which Twilio does not act on and which answers no check',
    (name) => {
      const twilio = 'stop stopall unsubscribe cancel end quit revoke optout start yes unstop help info';
      expect(twilio.split(' ')).not.toContain(name);
      expect(readReply(name)).toBe('unclear');
      expect(readCommand(name).do).not.toBe('none');
    },
  );

  it.each(['yes', '', 'probes', 'pinging', 'stop', 'paused', 'constructor', '__proto__'])(
    'takes %p for no command',
    (body) => expect(readCommand(body)).toEqual({ do: 'none' }),
  );
});
