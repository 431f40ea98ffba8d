import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { METRICS_TYPE, Metrics } from '#libs/telemetry/metrics';
import { Allow } from '../auth/access.guard.ts';
import { Bare } from '../http/envelope.interceptor.ts';

/** What Prometheus reads. Public, because scrapers have no token; so it holds numbers only. */
@ApiTags('health')
@Allow('public')
@Controller()
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get('metrics')
  @Header('Content-Type', METRICS_TYPE)
  @Bare()
  @ApiOperation({ summary: "Numbers about the work and the process, in Prometheus' text format" })
  @ApiOkResponse({ description: 'What is known within two seconds.', content: { 'text/plain': {} } })
  show(): Promise<string> {
    return this.metrics.render();
  }
}
