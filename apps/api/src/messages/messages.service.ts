import { Injectable } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/postgresql';
import type { Uid } from '#libs/contract/ids';
import type { MessageView } from '#libs/contract/message.contract';
import type { PageQuery } from '#libs/contract/paging';
import { Message } from '#libs/db/entities/message.entity';
import { User } from '#libs/db/entities/user.entity';
import { messagesOfUser } from '#libs/db/queries/message-log';
import { AppError } from '#libs/domain/errors';
import { withinReach, type Caller } from '../auth/caller.ts';
import { Page, slice, totalOf } from '../http/paging.ts';
import { toMessageView } from './message.view.ts';

/** Shows what became of the texts about a person. */
@Injectable()
export class MessagesService {
  constructor(private readonly orm: MikroORM) {}

  /** The texts about one person, newest first; what they say is shown to that person only. @throws AppError not_found */
  async listOfUser(me: Caller, uid: Uid, query: PageQuery): Promise<Page<MessageView>> {
    const em = this.orm.em.fork();
    const user = await em.findOne(User, { ...uid, ...withinReach(me) });
    if (!user) throw new AppError('not_found', 'user not found');
    const messages = await messagesOfUser(em, user.id, slice(query));
    const total = totalOf(messages, query) ?? (await em.count(Message, { userId: user.id }));
    return new Page(
      messages.map((message) => toMessageView(message, user.id === me.id)),
      total,
      query,
    );
  }
}
