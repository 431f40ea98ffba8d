import type { FactoryProvider } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/postgresql';
import type { Config } from '#libs/config/config';
import { DeliveryReports } from '#libs/db/queries/delivery-reports';
import { Wakeups } from '#libs/db/queries/wakeups';
import type { Clock } from '#libs/domain/clock';
import { CLOCK, CONFIG } from '../app.tokens.ts';

/** Takes in delivery reports for the webhook; workers have one of their own for those that came early. */
export const deliveryReports: FactoryProvider<DeliveryReports> = {
  provide: DeliveryReports,
  inject: [MikroORM, Wakeups, CLOCK, CONFIG],
  useFactory: (orm: MikroORM, wakeups: Wakeups, clock: Clock, { timeZone }: Config) =>
    new DeliveryReports({ orm, wakeups, clock, timeZone }),
};
