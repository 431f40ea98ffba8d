import { Logger, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InboundTexts } from '#libs/db/queries/inbound-texts';
import { deliveryReports } from './delivery-reports.provider.ts';
import { inboundTexts } from './inbound-texts.provider.ts';
import { TwilioController } from './twilio.controller.ts';

/** How often texts are looked for that were stored and then cut off, and how old such a text must be. */
const LEFTOVERS_EVERY_MS = 10_000;
const LEFTOVERS_OLDER_THAN_MS = 5_000;

/** Texts that come in and reports on those that went out. */
@Module({ controllers: [TwilioController], providers: [inboundTexts, deliveryReports] })
export class WebhooksModule implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('webhook');
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly inbound: InboundTexts) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => (this.running = this.applyLeftovers()), LEFTOVERS_EVERY_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  private async applyLeftovers(): Promise<void> {
    try {
      const count = await this.inbound.applyLeftovers(LEFTOVERS_OLDER_THAN_MS);
      if (count > 0) this.logger.warn(`applied ${count} texts that had been cut off`);
    } catch (error) {
      this.logger.error(error instanceof Error ? error.name : 'unknown');
    }
  }
}
