import type { User } from '#libs/db/entities/user.entity';

/**
 * The page that somebody has to go through after logging in, before any app gets tokens of theirs; null when none. The
 * one place that decides it: browsers are sent there, and no code or refresh token is redeemed until it is null.
 */
export const nextPageAfterLogin = ({ mustChangePassword }: User): string | null =>
  mustChangePassword ? '/login/change' : null;
