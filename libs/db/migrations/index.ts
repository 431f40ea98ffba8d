import { Migration20261121000000 } from './migration-20261121000000.ts';
import { Migration20261121120000 } from './migration-20261121120000.ts';
import { Migration20261125100000 } from './migration-20261125100000.ts';
import { Migration20261125110000 } from './migration-20261125110000.ts';
import { Migration20261125120000 } from './migration-20261125120000.ts';
import { Migration20261125130000 } from './migration-20261125130000.ts';
import { Migration20261125140000 } from './migration-20261125140000.ts';
import { Migration20261125150000 } from './migration-20261125150000.ts';
import { Migration20261125160000 } from './migration-20261125160000.ts';
import { Migration20261125170000 } from './migration-20261125170000.ts';
import { Migration20261126100000 } from './migration-20261126100000.ts';
import { Migration20261126110000 } from './migration-20261126110000.ts';
import { Migration20261126111000 } from './migration-20261126111000.ts';
import { Migration20261126120000 } from './migration-20261126120000.ts';
import { Migration20261126130000 } from './migration-20261126130000.ts';

/** Every migration, oldest first. A released one is never changed. */
export const migrations = [
  { name: 'migration-20261121000000', class: Migration20261121000000 },
  { name: 'migration-20261121120000', class: Migration20261121120000 },
  { name: 'migration-20261125100000', class: Migration20261125100000 },
  { name: 'migration-20261125110000', class: Migration20261125110000 },
  { name: 'migration-20261125120000', class: Migration20261125120000 },
  { name: 'migration-20261125130000', class: Migration20261125130000 },
  { name: 'migration-20261125140000', class: Migration20261125140000 },
  { name: 'migration-20261125150000', class: Migration20261125150000 },
  { name: 'migration-20261125160000', class: Migration20261125160000 },
  { name: 'migration-20261125170000', class: Migration20261125170000 },
  { name: 'migration-20261126100000', class: Migration20261126100000 },
  { name: 'migration-20261126110000', class: Migration20261126110000 },
  { name: 'migration-20261126111000', class: Migration20261126111000 },
  { name: 'migration-20261126120000', class: Migration20261126120000 },
  { name: 'migration-20261126130000', class: Migration20261126130000 },
];
