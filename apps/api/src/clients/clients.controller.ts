import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import { ClientView, CreateClient, UpdateClient } from '#libs/contract/client.contract';
import { ClientRef } from '#libs/contract/ids';
import { PageQuery } from '#libs/contract/paging';
import { Allow } from '../auth/access.guard.ts';
import { IfMatch } from '../http/if-match.ts';
import { Answers, NeedsToken } from '../http/openapi.ts';
import { ClientsService } from './clients.service.ts';

/** Clients (tenants), for the platform admin. */
@ApiTags('clients')
@NeedsToken()
@Allow('platform')
@Controller('v1/clients')
export class ClientsController {
  constructor(private readonly clients: ClientsService) {}

  @Post()
  @Answers('Create a client', ClientView, [400, 401, 403, 409, 413], 201)
  create(@Body({ schema: CreateClient }) body: CreateClient) {
    return this.clients.create(body);
  }

  @Get()
  @Answers('List clients, newest first', { pageOf: ClientView }, [400, 401, 403])
  list(@Query({ schema: PageQuery }) query: PageQuery) {
    return this.clients.list(query);
  }

  @Get(':id')
  @Answers('Get a client', ClientView, [400, 401, 403, 404])
  get(@Param('id', { schema: ClientRef }) id: ClientRef) {
    return this.clients.get(id);
  }

  @Put(':id')
  @ApiHeader({ name: 'If-Match', required: false, description: 'Only change this version.' })
  @Answers('Change a client; what is left out stays', ClientView, [400, 401, 403, 404, 409, 413])
  update(
    @Param('id', { schema: ClientRef }) id: ClientRef,
    @IfMatch() version: number | undefined,
    @Body({ schema: UpdateClient }) body: UpdateClient,
  ) {
    return this.clients.update(id, body, version);
  }

  @Patch(':id')
  @ApiHeader({ name: 'If-Match', required: false, description: 'Only change this version.' })
  @Answers('The same as PUT', ClientView, [400, 401, 403, 404, 409, 413])
  patch(
    @Param('id', { schema: ClientRef }) id: ClientRef,
    @IfMatch() version: number | undefined,
    @Body({ schema: UpdateClient }) body: UpdateClient,
  ) {
    return this.clients.update(id, body, version);
  }

  @Delete(':id')
  @Answers('Delete a client that has no accounts', undefined, [400, 401, 403, 404, 409])
  remove(@Param('id', { schema: ClientRef }) id: ClientRef) {
    return this.clients.remove(id);
  }
}
