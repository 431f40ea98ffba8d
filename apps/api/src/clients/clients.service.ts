import { Inject, Injectable } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/postgresql';
import type { ClientView, CreateClient, UpdateClient } from '#libs/contract/client.contract';
import type { ClientRef } from '#libs/contract/ids';
import type { PageQuery } from '#libs/contract/paging';
import { Client, DEFAULT_CLIENT_ID } from '#libs/db/entities/client.entity';
import { User } from '#libs/db/entities/user.entity';
import type { Clock } from '#libs/domain/clock';
import { AppError } from '#libs/domain/errors';
import { CLOCK } from '../app.tokens.ts';
import { Page, slice } from '../http/paging.ts';
import { mustBeVersion } from '../http/version.ts';
import { findClient, lockClient } from './client.row.ts';
import { toClientView } from './client.view.ts';

/** The clients themselves, which only the platform admin knows all of. */
@Injectable()
export class ClientsService {
  constructor(
    private readonly orm: MikroORM,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws AppError name_taken */
  async create({ name }: CreateClient): Promise<ClientView> {
    const now = this.clock.now();
    const em = this.orm.em.fork();
    const client = em.create(Client, { name, settings: {}, createdAt: now, updatedAt: now });
    await em.flush();
    return toClientView(client);
  }

  /** Newest first. */
  async list(query: PageQuery): Promise<Page<ClientView>> {
    const em = this.orm.em.fork();
    const [clients, total] = await em.findAndCount(Client, {}, { orderBy: { id: 'desc' }, ...slice(query) });
    return new Page(clients.map(toClientView), total, query);
  }

  /** @throws AppError not_found */
  async get(ref: ClientRef): Promise<ClientView> {
    return toClientView(await findClient(this.orm.em.fork(), ref));
  }

  /** @throws AppError not_found, name_taken, conflict when a version is named that is not the present one */
  update(ref: ClientRef, body: UpdateClient, ifMatch: number | undefined): Promise<ClientView> {
    return this.orm.em.fork().transactional(async (em) => {
      const client = await lockClient(em, ref);
      mustBeVersion(client.version, ifMatch, body.version);
      em.assign(client, { name: body.name ?? client.name, updatedAt: this.clock.now() });
      await em.flush();
      return toClientView(client);
    });
  }

  /**
   * Deletes a client with its settings and secrets. Never one with accounts: nobody who is being watched may vanish
   * along with a client.
   * @throws AppError not_found, conflict
   */
  async remove(ref: ClientRef): Promise<void> {
    await this.orm.em.fork().transactional(async (em) => {
      const client = await lockClient(em, ref);
      if (client.id === DEFAULT_CLIENT_ID) {
        throw new AppError('conflict', 'the first client can not be deleted');
      }
      if ((await em.count(User, { clientId: client.id })) > 0) {
        throw new AppError('conflict', 'the client has accounts: delete those first');
      }
      em.remove(client);
    });
  }
}
