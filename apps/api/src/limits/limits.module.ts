import { Module, type DynamicModule } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { LimitInterceptor } from './limit.interceptor.ts';
import { RequestGate } from './request-gate.ts';

/** How much a caller may ask, once it is known who it is; what comes before is `limitRequests`. */
@Module({})
export class LimitsModule {
  static with(gate: RequestGate): DynamicModule {
    return {
      module: LimitsModule,
      providers: [
        { provide: RequestGate, useValue: gate },
        { provide: APP_INTERCEPTOR, useClass: LimitInterceptor },
      ],
    };
  }
}
