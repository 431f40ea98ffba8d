import { Body, Controller, Header, HttpCode, Param, Post, UseFilters, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { DeliveryReports } from '#libs/db/queries/delivery-reports';
import { InboundTexts } from '#libs/db/queries/inbound-texts';
import { twiml } from '#libs/twilio/twiml';
import { Allow } from '../auth/access.guard.ts';
import { Bare } from '../http/envelope.interceptor.ts';
import { CallbackFilter } from './callback.filter.ts';
import { deliveryReport, inboundText, type TwilioForm } from './twilio-form.ts';
import { TwilioSignatureGuard } from './twilio-signature.guard.ts';
import { TwimlFilter } from './twiml.filter.ts';

/** What Twilio calls: texts that come in, and reports on texts that we sent. Source: Twilio, "Messaging webhooks". */
@ApiExcludeController()
@Allow('public')
@UseGuards(TwilioSignatureGuard)
@Controller('webhook/sms')
export class TwilioController {
  constructor(
    private readonly inbound: InboundTexts,
    private readonly delivery: DeliveryReports,
  ) {}

  @Post()
  @HttpCode(200)
  @Header('Content-Type', 'text/xml')
  @Bare()
  @UseFilters(TwimlFilter)
  async receive(@Body() form: TwilioForm): Promise<string> {
    return twiml(await this.inbound.receive(inboundText(form)));
  }

  @Post('status/:uuid')
  @HttpCode(204)
  @Bare()
  @UseFilters(CallbackFilter)
  async report(@Param('uuid') uuid: string, @Body() form: TwilioForm): Promise<void> {
    await this.delivery.report(deliveryReport(uuid, form));
  }
}
