import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  ApiKeyView,
  CreateApiKey,
  NewApiKeyView,
  RotateApiKey,
  UpdateApiKey,
} from '#libs/contract/api-key.contract';
import { Uid, UuidId } from '#libs/contract/ids';
import { PageQuery } from '#libs/contract/paging';
import { Allow } from '../auth/access.guard.ts';
import { CurrentUser, type Caller } from '../auth/caller.ts';
import { Answers, NeedsToken } from '../http/openapi.ts';
import { ApiKeysService } from './api-keys.service.ts';

/** The API keys of an account. Admins see those of their client, without the secrets, and may disable them. */
@ApiTags('api-keys')
@NeedsToken()
@Allow('own')
@Controller('v1/users/:uid/api-keys')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @Post()
  @Answers('Make an API key; it is shown only here', NewApiKeyView, [400, 401, 403, 404, 409, 413], 201)
  create(
    @CurrentUser() me: Caller,
    @Param('uid', { schema: Uid }) _uid: Uid,
    @Body({ schema: CreateApiKey }) body: CreateApiKey,
  ) {
    return this.keys.create(me, body);
  }

  @Get()
  @Allow('ownOrAdmin')
  @Answers('List API keys, newest first', { pageOf: ApiKeyView }, [400, 401, 403, 404])
  list(
    @CurrentUser() me: Caller,
    @Param('uid', { schema: Uid }) uid: Uid,
    @Query({ schema: PageQuery }) query: PageQuery,
  ) {
    return this.keys.list(me, uid, query);
  }

  @Get(':key')
  @Allow('ownOrAdmin')
  @Answers('Get an API key, without its secret', ApiKeyView, [400, 401, 403, 404])
  get(
    @CurrentUser() me: Caller,
    @Param('uid', { schema: Uid }) uid: Uid,
    @Param('key', { schema: UuidId }) key: UuidId,
  ) {
    return this.keys.get(me, uid, key);
  }

  @Patch(':key')
  @Allow('ownOrAdmin')
  @Answers('Change an API key; admins may disable those of others', ApiKeyView, [400, 401, 403, 404, 413])
  update(
    @CurrentUser() me: Caller,
    @Param('uid', { schema: Uid }) uid: Uid,
    @Param('key', { schema: UuidId }) key: UuidId,
    @Body({ schema: UpdateApiKey }) body: UpdateApiKey,
  ) {
    return this.keys.update(me, uid, key, body);
  }

  @Delete(':key')
  @Answers('Delete an API key, which ends it at once', undefined, [400, 401, 403, 404])
  remove(
    @CurrentUser() me: Caller,
    @Param('uid', { schema: Uid }) _uid: Uid,
    @Param('key', { schema: UuidId }) key: UuidId,
  ) {
    return this.keys.remove(me, key);
  }

  @Post(':key/rotate')
  @Answers(
    'Replace an API key; the old one works for a while',
    NewApiKeyView,
    [400, 401, 403, 404, 409, 413],
    201,
  )
  rotate(
    @CurrentUser() me: Caller,
    @Param('uid', { schema: Uid }) _uid: Uid,
    @Param('key', { schema: UuidId }) key: UuidId,
    @Body({ schema: RotateApiKey }) body: RotateApiKey,
  ) {
    return this.keys.rotate(me, key, body);
  }
}
