import { Module } from '@nestjs/common';
import { ProbeSettingsController } from './probe-settings.controller.ts';
import { ProbeSettingsService } from './probe-settings.service.ts';

/** When and how a person is asked. */
@Module({ controllers: [ProbeSettingsController], providers: [ProbeSettingsService] })
export class ProbeSettingsModule {}
