import { Module } from '@nestjs/common';
import { MessagesController } from './messages.controller.ts';
import { MessagesService } from './messages.service.ts';

/** The texts that Kronus sends, and what became of them. */
@Module({ controllers: [MessagesController], providers: [MessagesService] })
export class MessagesModule {}
