import { Module } from '@nestjs/common';
import type { Config } from '#libs/config/config';
import { SecretBox } from '#libs/security/secret-box';
import { CONFIG } from '../app.tokens.ts';
import { UsersModule } from '../users/users.module.ts';
import { ClientSettingsService, SECRET_BOX } from './client-settings.service.ts';
import { ClientUsersService } from './client-users.service.ts';
import { ClientsController } from './clients.controller.ts';
import { ClientsService } from './clients.service.ts';
import { OwnClientController } from './own-client.controller.ts';

/** The clients (tenants), and what their admins do for them. */
@Module({
  imports: [UsersModule],
  controllers: [OwnClientController, ClientsController],
  providers: [
    ClientsService,
    ClientSettingsService,
    ClientUsersService,
    {
      provide: SECRET_BOX,
      inject: [CONFIG],
      useFactory: ({ secretsKey }: Config) => (secretsKey === null ? null : new SecretBox(secretsKey)),
    },
  ],
})
export class ClientsModule {}
