import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ROOT } from './compose-file.ts';
import { readDockerfile, readDockerignore } from './image.ts';

const text = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
const { build, image } = readDockerfile(text);
const of = (keyword: string) => image.filter((each) => each.keyword === keyword).map(({ rest }) => rest);

describe('the image', () => {
  it('starts from one Node, by its whole version', () => {
    const bases = [...build, ...image]
      .filter(({ keyword }) => keyword === 'FROM')
      .map(({ rest }) => rest.split(' ')[0]);
    expect(new Set(bases).size).toBe(1);
    expect(bases[0]).toMatch(/^node:\d+\.\d+\.\d+-[a-z]+-slim$/);
  });

  it('runs as an ordinary user, known by number, from the last instruction on that changes files', () => {
    expect(of('USER')).toEqual(['1000:1000']);
    const user = image.findIndex(({ keyword }) => keyword === 'USER');
    expect(image.slice(user).filter(({ keyword }) => ['COPY', 'ADD', 'RUN'].includes(keyword))).toEqual([]);
  });

  it('is told the commit, and nothing secret', () => {
    const told = [...build, ...image].filter(({ keyword }) => keyword === 'ARG' || keyword === 'ENV');
    expect(told.map(({ keyword, rest }) => `${keyword} ${rest}`)).toEqual([
      'ARG GIT_COMMIT_HASH=undefined',
      'ENV NODE_ENV=production KRONUS_CACHE_DIR=/app/bundles GIT_COMMIT_HASH=$GIT_COMMIT_HASH',
    ]);
    expect(of('LABEL')[0]).toContain('org.opencontainers.image.revision=$GIT_COMMIT_HASH');
  });

  it('says how it is, and passes signals on', () => {
    expect(of('HEALTHCHECK')[0]).toContain('CMD ["node", "/app/deploy/healthcheck.mjs"]');
    expect(of('ENTRYPOINT')).toEqual(['["tini", "--", "kronus"]']);
  });
});

describe('.dockerignore', () => {
  const isIgnored = readDockerignore(readFileSync(join(ROOT, '.dockerignore'), 'utf8'));

  it.each([
    '.env',
    '.git/config',
    '.kronus/dev/postgres/password',
    'config.yml',
    'google.json',
    'node_modules/pg/package.json',
    'docs/operations.md',
    'deploy/make-env.sh',
    'apps/e2e/harness.ts',
    'libs/domain/probe.spec.ts',
    'libs/db/db.int-spec.ts',
    'libs/db/roles.fixture.ts',
    'workflows/probe/histories/v1.json',
  ])('keeps %s out', (file) => expect(isIgnored(file)).toBe(true));

  it.each([
    'apps/cli/src/main.ts',
    'apps/twilio-simulator/src/control/phones.html',
    'libs/domain/probe.ts',
    'workflows/index.ts',
    'package.json',
    'package-lock.json',
    '.npmrc',
    '.swcrc.build',
    'deploy/kronus',
  ])('lets %s through', (file) => expect(isIgnored(file)).toBe(false));
});
