import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { LoggerModule } from 'nestjs-pino';
import type { Logger } from 'pino';
import { ApiKeysModule } from './api-keys/api-keys.module.ts';
import { AuditGuard } from './audit/audit.guard.ts';
import { AuditModule } from './audit/audit.module.ts';
import { AccessGuard } from './auth/access.guard.ts';
import { AuthModule } from './auth/auth.module.ts';
import { BackupsModule } from './backups/backups.module.ts';
import { ClientsModule } from './clients/clients.module.ts';
import { ContactsModule } from './contacts/contacts.module.ts';
import { DepsModule, type ApiDeps } from './deps.module.ts';
import { DrillsModule } from './drills/drills.module.ts';
import { HealthModule } from './health/health.module.ts';
import { EnvelopeInterceptor } from './http/envelope.interceptor.ts';
import { ErrorFilter } from './http/error.filter.ts';
import { SchemaPipe } from './http/schema.pipe.ts';
import { JobsModule } from './jobs/jobs.module.ts';
import { LimitsModule } from './limits/limits.module.ts';
import type { RequestGate } from './limits/request-gate.ts';
import { LoginModule } from './login/login.module.ts';
import { MetricsModule } from './metrics/metrics.module.ts';
import { MessagesModule } from './messages/messages.module.ts';
import { OAuthModule } from './oauth/oauth.module.ts';
import { ProbeSettingsModule } from './probe-settings/probe-settings.module.ts';
import { ProbesModule } from './probes/probes.module.ts';
import { UsersModule } from './users/users.module.ts';
import { WebhooksModule } from './webhooks/webhooks.module.ts';

/** The whole API. Every route is guarded, validated, wrapped and its errors answered in one place each. */
@Module({})
export class AppModule {
  static with(deps: ApiDeps, logger: Logger, gate: RequestGate | null): DynamicModule {
    return {
      module: AppModule,
      imports: [
        // Requests are logged by a hook of the server, which sees those too that never reach a route.
        LoggerModule.forRoot({ pinoHttp: { logger }, forRoutes: [] }),
        DepsModule.with(deps),
        ...(gate ? [LimitsModule.with(gate)] : []),
        AuthModule,
        LoginModule,
        OAuthModule,
        HealthModule,
        ...(deps.config.metrics.isEnabled ? [MetricsModule] : []),
        UsersModule,
        ClientsModule,
        ApiKeysModule,
        ContactsModule,
        ProbeSettingsModule,
        ProbesModule,
        DrillsModule,
        JobsModule,
        MessagesModule,
        WebhooksModule,
        AuditModule,
        BackupsModule,
      ],
      providers: [
        // First, so that what is refused is known as well.
        { provide: APP_GUARD, useClass: AuditGuard },
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_PIPE, useClass: SchemaPipe },
        { provide: APP_INTERCEPTOR, useClass: EnvelopeInterceptor },
        { provide: APP_FILTER, useClass: ErrorFilter },
      ],
    };
  }
}
