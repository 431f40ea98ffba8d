import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { ContactView, CreateContact, UpdateContact } from '#libs/contract/contact.contract';
import { IntId } from '#libs/contract/ids';
import { PageQuery } from '#libs/contract/paging';
import { Allow } from '../auth/access.guard.ts';
import { CurrentUser, type Caller } from '../auth/caller.ts';
import { Answers, NeedsToken } from '../http/openapi.ts';
import { ContactsService } from './contacts.service.ts';

/** The people around a person. Private: not even an admin sees somebody else's. */
@ApiTags('contacts')
@ApiParam({ name: 'uid', description: "The caller's own integer id or UUID.", type: String })
@NeedsToken()
@Allow('own')
@Controller('v1/users/:uid/contacts')
export class ContactsController {
  constructor(private readonly contacts: ContactsService) {}

  @Post()
  @Answers('Create a contact', ContactView, [400, 401, 403, 404, 409, 413], 201)
  create(@CurrentUser() me: Caller, @Body({ schema: CreateContact }) body: CreateContact) {
    return this.contacts.create(me, body);
  }

  @Get()
  @Answers('List contacts, newest first', { pageOf: ContactView }, [400, 401, 403, 404])
  list(@CurrentUser() me: Caller, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.contacts.list(me, query);
  }

  @Put(':id')
  @Answers('Change a contact; what is left out stays', ContactView, [400, 401, 403, 404, 409, 413])
  update(
    @CurrentUser() me: Caller,
    @Param('id', { schema: IntId }) id: IntId,
    @Body({ schema: UpdateContact }) body: UpdateContact,
  ) {
    return this.contacts.update(me, id, body);
  }

  @Patch(':id')
  @Answers('The same as PUT', ContactView, [400, 401, 403, 404, 409, 413])
  patch(
    @CurrentUser() me: Caller,
    @Param('id', { schema: IntId }) id: IntId,
    @Body({ schema: UpdateContact }) body: UpdateContact,
  ) {
    return this.contacts.update(me, id, body);
  }

  @Delete(':id')
  @Answers('Delete a contact', undefined, [400, 401, 403, 404, 409])
  remove(@CurrentUser() me: Caller, @Param('id', { schema: IntId }) id: IntId) {
    return this.contacts.remove(me, id);
  }
}
