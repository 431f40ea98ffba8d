import type { ApiKeyView, NewApiKeyView } from '#libs/contract/api-key.contract';
import type { ApiKey } from '#libs/db/entities/api-key.entity';
import { toTime, toTimeOrNull } from '../http/time.ts';
import type { IssuedKey } from './issue-api-key.ts';

/** A key as the API shows it; never the secret. */
export const toApiKeyView = (key: ApiKey): ApiKeyView => ({
  id: key.id,
  label: key.label,
  prefix: key.prefix,
  enabled: key.enabled,
  expires_at: toTimeOrNull(key.expiresAt),
  last_used_at: toTimeOrNull(key.lastUsedAt),
  replaced_by: key.replacedBy ?? null,
  created_at: toTime(key.createdAt),
  updated_at: toTime(key.updatedAt),
});

/** The same with the secret, in the one answer that shows it. */
export const toNewApiKeyView = ({ row, value }: IssuedKey): NewApiKeyView => ({
  ...toApiKeyView(row),
  key: value,
});
