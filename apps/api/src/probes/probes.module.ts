import { Module } from '@nestjs/common';
import { ProbesController } from './probes.controller.ts';
import { ProbesService } from './probes.service.ts';

/** Checks: how they went, and asking for one. */
@Module({ controllers: [ProbesController], providers: [ProbesService] })
export class ProbesModule {}
