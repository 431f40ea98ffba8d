import { Inject, Injectable } from '@nestjs/common';
import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import type { ClientSettingsView, UpdateClientSettings } from '#libs/contract/client.contract';
import type { Client } from '#libs/db/entities/client.entity';
import {
  CLIENT_SECRETS,
  keepSecret,
  placeOfSecret,
  secretsOf,
  type ClientSecret,
} from '#libs/db/queries/client-secrets';
import type { Clock } from '#libs/domain/clock';
import { AppError } from '#libs/domain/errors';
import type { SecretBox } from '#libs/security/secret-box';
import { CLOCK } from '../app.tokens.ts';
import { actingClientId, type Caller } from '../auth/caller.ts';
import { mustBeVersion } from '../http/version.ts';
import { findClient, lockClient } from './client.row.ts';
import { toClientSettingsView } from './client.view.ts';

/** Injects what seals the secrets of clients; null without a key in the configuration. */
export const SECRET_BOX = Symbol('SECRET_BOX');

/** What the admins of a client set. Secrets go in sealed and never come out here. */
@Injectable()
export class ClientSettingsService {
  constructor(
    private readonly orm: MikroORM,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SECRET_BOX) private readonly box: SecretBox | null,
  ) {}

  /** The settings of the client that the caller acts in. @throws AppError not_found */
  async get(me: Caller): Promise<ClientSettingsView> {
    const em = this.orm.em.fork();
    const client = await findClient(em, { id: actingClientId(me) });
    return toClientSettingsView(client, await secretsOf(em, client.id));
  }

  /**
   * Changes the settings of the client that the caller acts in.
   * @throws AppError not_found, conflict when a version is named that is not the present one, secrets_key_missing
   */
  update(me: Caller, body: UpdateClientSettings, ifMatch: number | undefined): Promise<ClientSettingsView> {
    const now = this.clock.now();
    return this.orm.em.fork().transactional(async (em) => {
      const client = await lockClient(em, { id: actingClientId(me) });
      mustBeVersion(client.version, ifMatch, body.version);
      client.settings = { ...client.settings, ...settingsOf(body) };
      // Also when only a secret is new, so that the version tells of it.
      client.updatedAt = now;
      for (const name of CLIENT_SECRETS) await this.keep(em, { client, name, secret: body[name], now });
      await em.flush();
      return toClientSettingsView(client, await secretsOf(em, client.id));
    });
  }

  private async keep(
    em: EntityManager,
    given: { client: Client; name: ClientSecret; secret: string | null | undefined; now: Date },
  ): Promise<void> {
    const { client, name, secret, now } = given;
    if (secret === undefined) return;
    const sealed = secret === null ? null : this.seal(secret, placeOfSecret(client.uuid, name));
    await keepSecret(em, { clientId: client.id, name, sealed, now });
  }

  private seal(secret: string, place: string): string {
    if (this.box) return this.box.seal(secret, place);
    throw new AppError(
      'secrets_key_missing',
      'tokens can not be stored: the operator has to set kronus.secretsKey (KRONUS_SECRETS_KEY) first',
    );
  }
}

const settingsOf = ({ github_backend_url, jira_backend_url, teams, brand }: UpdateClientSettings) => ({
  ...(github_backend_url !== undefined && { github_backend_url }),
  ...(jira_backend_url !== undefined && { jira_backend_url }),
  ...(teams !== undefined && { teams }),
  ...(brand !== undefined && { brand }),
});
