import type { z } from 'zod';
import { serverSettings } from './server-settings.ts';
import { serviceSettings } from './service-settings.ts';
import type { Setting } from './setting.ts';

/** Every setting there is, in the order of the documentation. */
export const settings = [...serviceSettings, ...serverSettings] as const satisfies readonly Setting[];

/** The keys of all settings. */
export type SettingKey = (typeof settings)[number]['key'];

/** What the text of a setting becomes. */
export type SettingValue<Key extends SettingKey> = z.output<
  Extract<(typeof settings)[number], { key: Key }>['schema']
>;
