import { Body, Controller, Delete, HttpCode, Patch, Post, Put } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { PauseChecks, ProbeSettingsView, UpdateProbeSettings } from '#libs/contract/probe-settings.contract';
import { Allow } from '../auth/access.guard.ts';
import { CurrentUser, type Caller } from '../auth/caller.ts';
import { Answers, NeedsToken } from '../http/openapi.ts';
import { ProbeSettingsService } from './probe-settings.service.ts';

/** When and how a person is asked. */
@ApiTags('probe settings')
@ApiParam({ name: 'uid', description: "The caller's own integer id or UUID.", type: String })
@NeedsToken()
@Allow('own')
@Controller('v1/users/:uid/probe_settings')
export class ProbeSettingsController {
  constructor(private readonly settings: ProbeSettingsService) {}

  @Put()
  @Answers(
    'Change when and how you are asked; what is left out stays',
    ProbeSettingsView,
    [400, 401, 403, 404, 409, 413],
  )
  update(@CurrentUser() me: Caller, @Body({ schema: UpdateProbeSettings }) body: UpdateProbeSettings) {
    return this.settings.update(me, body);
  }

  @Patch()
  @Answers('The same as PUT', ProbeSettingsView, [400, 401, 403, 404, 409, 413])
  patch(@CurrentUser() me: Caller, @Body({ schema: UpdateProbeSettings }) body: UpdateProbeSettings) {
    return this.settings.update(me, body);
  }

  @Post('pause')
  @HttpCode(200)
  @Answers(
    'Be asked nothing on schedule until a moment, at most one year ahead; a check that is pending is called off',
    ProbeSettingsView,
    [400, 401, 403, 404, 409, 413],
  )
  pause(@CurrentUser() me: Caller, @Body({ schema: PauseChecks }) body: PauseChecks) {
    return this.settings.pause(me, body);
  }

  @Delete('pause')
  @Answers('End a pause; without one nothing changes', ProbeSettingsView, [400, 401, 403, 404])
  resume(@CurrentUser() me: Caller) {
    return this.settings.resume(me);
  }
}
