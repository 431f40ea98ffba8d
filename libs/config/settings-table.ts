import type { Setting } from './setting.ts';
import { settings } from './settings.ts';

/** All settings as a markdown table for the documentation. */
export function settingsTable(): string {
  const rows = settings.map((setting: Setting) => [
    [setting.key, ...(setting.aliases ?? [])].map(code).join(' or '),
    code(setting.env),
    defaultOf(setting),
    setting.secret ? `${setting.doc} Secret.` : setting.doc,
  ]);
  const header = ['config.yml', 'environment', 'default', 'meaning'];
  return [header, header.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
}

function defaultOf(setting: Setting): string {
  const parts = setting.isRequired ? ['**required in production**'] : [];
  if (typeof setting.default === 'string') parts.push(code(setting.default));
  for (const [mode, text] of Object.entries(typeof setting.default === 'object' ? setting.default : {})) {
    parts.push(`${mode}: ${code(text)}`);
  }
  if (setting.derivedDefault) parts.push(setting.derivedDefault);
  return parts.join('; ') || 'none';
}

const code = (text: string) => `\`${text}\``;
