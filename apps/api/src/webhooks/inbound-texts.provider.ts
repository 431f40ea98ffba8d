import type { FactoryProvider } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/postgresql';
import type { Config } from '#libs/config/config';
import { InboundTexts } from '#libs/db/queries/inbound-texts';
import { Wakeups } from '#libs/db/queries/wakeups';
import type { Clock } from '#libs/domain/clock';
import { CLOCK, CONFIG } from '../app.tokens.ts';

/** Takes in texts for the webhook; workers have one of their own for texts that the webhook missed. */
export const inboundTexts: FactoryProvider<InboundTexts> = {
  provide: InboundTexts,
  inject: [MikroORM, Wakeups, CLOCK, CONFIG],
  useFactory: (orm: MikroORM, wakeups: Wakeups, clock: Clock, { timeZone, minuteMs }: Config) =>
    new InboundTexts({ orm, wakeups, clock, timeZone, minuteMs }),
};
