import { describe, expect, it } from '@jest/globals';
import { hashPassword, verifyPassword } from './password.ts';

describe('passwords', () => {
  it('are kept as argon2id with the recommended parameters and a fresh salt', async () => {
    const [one, two] = await Promise.all([hashPassword('very-secure'), hashPassword('very-secure')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(one).not.toBe(two);
  });

  it('are recognised, and nothing else is', async () => {
    const kept = await hashPassword('very-secure');
    expect(await verifyPassword(kept, 'very-secure')).toBe(true);
    expect(await verifyPassword(kept, 'Very-secure')).toBe(false);
    expect(await verifyPassword(kept, '')).toBe(false);
  });

  it('are refused for an unknown user at the cost of a real check', async () => {
    const kept = await hashPassword('very-secure');
    const cpuOf = async (passwordHash: string | null) => {
      const start = process.cpuUsage();
      for (let time = 0; time < 5; time++) expect(await verifyPassword(passwordHash, 'wrong')).toBe(false);
      const { user, system } = process.cpuUsage(start);
      return user + system;
    };
    await cpuOf(kept);
    const [known, unknown] = [await cpuOf(kept), await cpuOf(null)];
    expect(unknown).toBeGreaterThan(known / 3);
    expect(unknown).toBeLessThan(known * 3);
  });
});
