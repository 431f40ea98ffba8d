import { defineConfig, type Options } from '@mikro-orm/postgresql';
import { Migrator } from '@mikro-orm/migrations';
import { ApiKey } from './entities/api-key.entity.ts';
import { AuditEntry } from './entities/audit-entry.entity.ts';
import { Backup } from './entities/backup.entity.ts';
import { Client } from './entities/client.entity.ts';
import { Consent } from './entities/consent.entity.ts';
import { Contact } from './entities/contact.entity.ts';
import { Drill } from './entities/drill.entity.ts';
import { DrillAnswer } from './entities/drill-answer.entity.ts';
import { EmergencyProbe } from './entities/emergency-probe.entity.ts';
import { InboundMessage } from './entities/inbound-message.entity.ts';
import { Mail } from './entities/mail.entity.ts';
import { Message } from './entities/message.entity.ts';
import { OAuthCode } from './entities/oauth-code.entity.ts';
import { OneOffCheck } from './entities/one-off-check.entity.ts';
import { PasswordReset } from './entities/password-reset.entity.ts';
import { Probe } from './entities/probe.entity.ts';
import { ProbeSettings } from './entities/probe-settings.entity.ts';
import { RefreshToken } from './entities/refresh-token.entity.ts';
import { Session } from './entities/session.entity.ts';
import { User } from './entities/user.entity.ts';
import { Wakeup } from './entities/wakeup.entity.ts';
import { migrations } from './migrations/index.ts';

/** How Kronus speaks to PostgreSQL at `url`, with at most `poolSize` connections a process. */
export const ormConfig = (url: string, poolSize = 20): Options =>
  defineConfig({
    clientUrl: url,
    // The driver itself reads the whole address: `sslmode`, a socket as `host`, a password that stands elsewhere.
    driverOptions: { connectionString: url },
    entities: [
      Client,
      User,
      ProbeSettings,
      Contact,
      Consent,
      Probe,
      OneOffCheck,
      EmergencyProbe,
      Message,
      InboundMessage,
      Wakeup,
      Drill,
      DrillAnswer,
      Session,
      RefreshToken,
      OAuthCode,
      ApiKey,
      AuditEntry,
      PasswordReset,
      Mail,
      Backup,
    ],
    extensions: [Migrator],
    migrations: { migrationsList: migrations, snapshot: false, tableName: 'migrations' },
    pool: { min: 0, max: poolSize },
    forceUtcTimezone: true,
    // Every failure reaches its caller; the library's own lines would only repeat it.
    logger: () => undefined,
  });
