import { Module } from '@nestjs/common';
import { ContactsController } from './contacts.controller.ts';
import { ContactsService } from './contacts.service.ts';

/** The people around a person. */
@Module({ controllers: [ContactsController], providers: [ContactsService] })
export class ContactsModule {}
