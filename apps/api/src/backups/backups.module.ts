import { Module } from '@nestjs/common';
import { BackupsController } from './backups.controller.ts';
import { BackupsService } from './backups.service.ts';

/** Backups: what there is, and another one now. */
@Module({ controllers: [BackupsController], providers: [BackupsService] })
export class BackupsModule {}
