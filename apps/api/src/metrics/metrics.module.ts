import { Module } from '@nestjs/common';
import { MetricsController } from './metrics.controller.ts';

/** Numbers for Prometheus, where they are switched on. */
@Module({ controllers: [MetricsController] })
export class MetricsModule {}
