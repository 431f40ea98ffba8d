import { Module } from '@nestjs/common';
import { ProbesController } from './probes.controller.ts';
import { ProbesService } from './probes.service.ts';
import { TimelineController } from './timeline.controller.ts';
import { TimelineService } from './timeline.service.ts';

/** Checks: how they went, and asking for one. */
@Module({ controllers: [ProbesController, TimelineController], providers: [ProbesService, TimelineService] })
export class ProbesModule {}
