import { beforeEach, expect, it } from '@jest/globals';
import { remembered } from './remembered.ts';

let now: number;
let readings: PromiseWithResolvers<number>[];
let read: () => Promise<number>;
beforeEach(() => {
  now = 0;
  readings = [];
  read = remembered(
    () => {
      readings.push(Promise.withResolvers());
      return readings.at(-1)!.promise;
    },
    100,
    () => now,
  );
});

it('reads once for everybody who asks meanwhile, however long it takes', async () => {
  const asked = [read(), read()];
  now = 1_000;
  asked.push(read());
  readings[0]!.resolve(7);
  expect([await Promise.all(asked), readings.length]).toEqual([[7, 7, 7], 1]);
});

it('keeps what it read, and then reads again', async () => {
  const first = read();
  now = 50;
  readings[0]!.resolve(1);
  await first;
  now = 149;
  expect(await read()).toBe(1);
  now = 150;
  const second = read();
  readings[1]!.resolve(2);
  expect(await second).toBe(2);
});

it('tries again after a failure', async () => {
  const failed = read();
  readings[0]!.reject(new Error('down'));
  await expect(failed).rejects.toThrow('down');
  const second = read();
  readings[1]!.resolve(2);
  expect(await second).toBe(2);
});
