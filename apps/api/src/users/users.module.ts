import { Module } from '@nestjs/common';
import { RolesController } from './roles.controller.ts';
import { RolesService } from './roles.service.ts';
import { UsersController } from './users.controller.ts';
import { UsersService } from './users.service.ts';

/** Accounts. */
@Module({
  controllers: [UsersController, RolesController],
  providers: [UsersService, RolesService],
  exports: [UsersService],
})
export class UsersModule {}
