import { Module } from '@nestjs/common';
import { DrillsController } from './drills.controller.ts';
import { DrillsService } from './drills.service.ts';

/** Drills: trying out the whole chain with the real phones. */
@Module({ controllers: [DrillsController], providers: [DrillsService] })
export class DrillsModule {}
