import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';
import type { BackupFaultCode } from './backup-fault.ts';
import { NAME, PASS_PHRASE } from './backup.fixture.ts';
import {
  CSV,
  file,
  fileWith,
  honestTar,
  manifestFile,
  manifestWith,
  sealed,
  storeOf,
  zipped,
  zippedWith,
} from './evil.fixture.ts';
import type { Manifest } from './manifest.ts';
import { coreMigrations } from './migrations.ts';
import { restoreBackup } from './restore-backup.ts';
import { END_OF_TAR } from './ustar.ts';
import { verifyBackup } from './verify-backup.ts';

const scratchDir = mkdtempSync(join(tmpdir(), 'kronus-attack-'));
afterAll(() => rmSync(scratchDir, { recursive: true }));

const verify = (object: Buffer, passPhrase = PASS_PHRASE): Promise<Manifest> =>
  verifyBackup({ store: storeOf(object), name: NAME, passPhrase, scratchDir });

/** Refused with one of these codes, by a sentence that names the object, and with nothing left on the disk. */
async function expectRefused(object: Buffer, ...codes: BackupFaultCode[]): Promise<void> {
  const fault = await verify(object).then(
    () => ({ name: 'nothing', code: 'accepted', message: '' }),
    (error: unknown) => error as { name: string; code: string; message: string },
  );
  expect({
    name: fault.name,
    isExpected: codes.includes(fault.code as BackupFaultCode),
    code: fault.code,
  }).toEqual({
    name: 'BackupFault',
    isExpected: true,
    code: fault.code,
  });
  expect(fault.message).toContain(NAME);
  expect(fault.message.split('\n')).toHaveLength(1);
  expect(readdirSync(scratchDir)).toEqual([]);
}

let honest: Buffer;
beforeAll(async () => {
  honest = await sealed(await zipped(honestTar()));
});

describe('an archive that came to harm', () => {
  it('is accepted as it was written', async () => {
    expect(await verify(honest)).toEqual(manifestWith());
  });

  it('does not open with another pass phrase', async () => {
    for (const wrong of ['', PASS_PHRASE.slice(1), `${PASS_PHRASE} `, PASS_PHRASE.toUpperCase()]) {
      await expect(verify(honest, wrong)).rejects.toMatchObject({ code: 'wrong_pass_phrase' });
    }
  });

  it('is refused when it ends too early, wherever that is', async () => {
    for (let bytes = 0; bytes < honest.length; bytes++)
      await expectRefused(honest.subarray(0, bytes), 'truncated');
  });

  it('is refused when anything stands behind its end', async () => {
    for (const more of [Buffer.from([0]), Buffer.from('\n'), honest]) {
      await expectRefused(Buffer.concat([honest, more]), 'corrupt');
    }
  });

  it('is refused when one bit of it is another, wherever that is', async () => {
    const outer = Array.from({ length: 80 }, (_, at) => at);
    const inner = Array.from({ length: 40 }, (_, n) => 80 + Math.floor((n * (honest.length - 110)) / 40));
    const end = Array.from({ length: 30 }, (_, n) => honest.length - 1 - n);
    for (const at of [...outer, ...inner, ...end]) {
      const flipped = Buffer.from(honest);
      flipped[at]! ^= 1 << (at % 8);
      await expectRefused(flipped, 'corrupt', 'foreign', 'truncated', 'wrong_pass_phrase');
    }
  }, 120_000);
});

describe('what is no archive', () => {
  it.each([
    ['text', Buffer.from('-----BEGIN PGP MESSAGE-----\n')],
    ['nothing but zeros', Buffer.alloc(4096)],
    ['a file that is only compressed', zstdCompressSync(Buffer.alloc(1000))],
    ['a message to a public key', Buffer.from([0xc1, 0xc0, ...Buffer.alloc(600)])],
    ['a key of another cipher', Buffer.from([0xc3, 0x2e, 4, 7, 3, 8, ...Buffer.alloc(600)])],
  ])('%s is refused', async (_what, object) => {
    await expectRefused(object, 'foreign');
  });

  it('a key with something else behind it is refused', async () => {
    await expectRefused(
      Buffer.concat([honest.subarray(0, 48), Buffer.from([0xc9]), honest.subarray(49)]),
      'foreign',
    );
  });

  it('is not there: says so', async () => {
    const source = { store: storeOf(honest), name: 'other', passPhrase: PASS_PHRASE, scratchDir };
    await expect(verifyBackup(source)).rejects.toMatchObject({
      code: 'missing',
      message: 'There is no other in the test store: kronus backup list shows what there is.',
    });
  });

  it('breaks off on the way: says so, and leaves nothing', async () => {
    const store = storeOf(Buffer.concat([honest, Buffer.alloc(50_000)]));
    store.breaksAfter = 20_000;
    await expect(
      verifyBackup({ store, name: NAME, passPhrase: PASS_PHRASE, scratchDir }),
    ).rejects.toMatchObject({
      code: 'store',
      message: `${NAME} cannot be read from the test store (ECONNRESET).`,
    });
    expect(readdirSync(scratchDir)).toEqual([]);
  });
});

describe('an archive that somebody with the pass phrase put together', () => {
  const users = file('kronus/users.csv', CSV);
  const tars: [string, () => Buffer[], BackupFaultCode][] = [
    ['nothing', () => [], 'foreign'],
    ['an empty tar', () => [END_OF_TAR], 'foreign'],
    ['no manifest', () => [users, END_OF_TAR], 'foreign'],
    ['a manifest that is not the first', () => [users, manifestFile(manifestWith()), END_OF_TAR], 'foreign'],
    ['a manifest that is no JSON', () => [manifestFile('{'), users, END_OF_TAR], 'foreign'],
    [
      'a manifest that is too large',
      () => [manifestFile(' '.repeat(4 * 1024 * 1024 + 1)), END_OF_TAR],
      'foreign',
    ],
    ['a later format', () => [manifestFile({ format: 2, anything: true }), END_OF_TAR], 'too_new'],
    ['an unknown key', () => [manifestFile({ ...manifestWith(), more: 1 }), users, END_OF_TAR], 'foreign'],
    ['a file less', () => [manifestFile(manifestWith()), END_OF_TAR], 'foreign'],
    [
      'a file more',
      () => [manifestFile(manifestWith()), users, file('kronus/more.csv', CSV), END_OF_TAR],
      'foreign',
    ],
    ['a file twice', () => [manifestFile(manifestWith()), users, users, END_OF_TAR], 'foreign'],
    [
      'another manifest behind it',
      () => [...honestTar().slice(0, 2), manifestFile(manifestWith()), END_OF_TAR],
      'foreign',
    ],
    ['bytes behind the end', () => [...honestTar(), Buffer.alloc(512)], 'foreign'],
    ['no end', () => honestTar().slice(0, 2), 'foreign'],
    ['a cut file', () => [manifestFile(manifestWith()), users.subarray(0, 530)], 'corrupt'],
    [
      'other rows',
      () => [
        manifestFile(manifestWith()),
        file('kronus/users.csv', Buffer.from(CSV).fill('4', 8, 9)),
        END_OF_TAR,
      ],
      'corrupt',
    ],
    [
      'something in the padding',
      () => [manifestFile(manifestWith()), Buffer.from(users).fill('x', 600, 601), END_OF_TAR],
      'foreign',
    ],
    [
      'rows that were miscounted',
      () => [manifestFile(manifestWith((m) => (m.databases[0]!.tables[0]!.rows = 4))), users, END_OF_TAR],
      'corrupt',
    ],
    [
      'a file of another size',
      () => [manifestFile(manifestWith((m) => (m.databases[0]!.tables[0]!.bytes -= 1))), users, END_OF_TAR],
      'foreign',
    ],
  ];
  it.each(tars)('with %s is refused', async (_what, tar, code) => {
    await expectRefused(await sealed(await zipped(tar())), code);
  });

  const names = [
    '../users.csv',
    '/etc/cron.d/users',
    'kronus/../../users.csv',
    'kronus/users.csv/',
    './kronus/users.csv',
    'kronus\\users.csv',
  ];
  it.each(names)('with a file called %s is refused, also when its manifest says so', async (name) => {
    const honestManifest = manifestFile(manifestWith());
    await expectRefused(await sealed(await zipped([honestManifest, file(name, CSV), END_OF_TAR])), 'foreign');
    const manifest = manifestWith((m) => (m.databases[0]!.tables[0]!.file = name));
    await expectRefused(
      await sealed(await zipped([manifestFile(manifest), file(name, CSV), END_OF_TAR])),
      'foreign',
    );
  });

  const kinds: [string, string][] = [
    ['1', 'a hard link'],
    ['2', 'a link'],
    ['3', 'a device'],
    ['5', 'a folder'],
    ['6', 'a pipe'],
    ['x', 'a pax header'],
    ['g', 'a global pax header'],
    ['L', 'a long name of GNU'],
  ];
  it.each(kinds)('with an entry of type %s (%s) is refused', async (type) => {
    const entry = fileWith('kronus/users.csv', CSV, (header) => {
      header.write(type, 156, 'ascii');
      header.write('/etc/passwd', 157, 'ascii');
    });
    await expectRefused(
      await sealed(await zipped([manifestFile(manifestWith()), entry, END_OF_TAR])),
      'foreign',
    );
    await expectRefused(
      await sealed(await zipped([manifestFile(manifestWith()), entry, users, END_OF_TAR])),
      'foreign',
    );
  });

  const manifests: [string, (manifest: Manifest) => void][] = [
    ['a database twice', (m) => m.databases.push(m.databases[0]!)],
    ['a table twice', (m) => m.databases[0]!.tables.push(m.databases[0]!.tables[0]!)],
    ['a column twice', (m) => m.databases[0]!.tables[0]!.columns.push('id')],
    [
      'a sequence twice',
      (m) =>
        m.databases[0]!.sequences.push(
          { name: 's', last_value: '1', is_called: true },
          { name: 's', last_value: '1', is_called: true },
        ),
    ],
    ['a migration twice', (m) => m.databases[0]!.migrations.push('one', 'one')],
    ['a name that is SQL', (m) => (m.databases[0]!.tables[0]!.name = 'users"; drop table users; --')],
    ['a size below nothing', (m) => (m.databases[0]!.tables[0]!.bytes = -1)],
    ['no database', (m) => (m.databases = [])],
    [
      'a sequence that is no number',
      (m) => m.databases[0]!.sequences.push({ name: 's', last_value: '1; select 1', is_called: true }),
    ],
  ];
  it.each(manifests)('whose manifest has %s is refused', async (_what, change) => {
    await expectRefused(
      await sealed(await zipped([manifestFile(manifestWith(change)), users, END_OF_TAR])),
      'foreign',
    );
  });

  it('is not believed before its seal was seen: a broken one is told first', async () => {
    const object = await sealed(await zipped([manifestFile({ format: 2 }), END_OF_TAR]));
    await expectRefused(object, 'too_new');
    object[object.length - 1]! ^= 1;
    await expectRefused(object, 'corrupt');
  });

  it('is refused when it claims to be far greater than it is, before it is unpacked', async () => {
    const bomb = manifestWith((m) => (m.databases[0]!.tables[0]!.bytes = 2 ** 45));
    const object = await sealed(await zipped([manifestFile(bomb), Buffer.alloc(1024 * 1024)]));
    await expect(verify(object)).rejects.toMatchObject({
      code: 'foreign',
      message: expect.stringContaining('it claims to be far greater than it can be'),
    });
  });

  it('is refused when more comes out of it than it says, without unpacking the rest', async () => {
    const zeros = Array.from({ length: 300 }, () => Buffer.alloc(1024 * 1024));
    await expectRefused(await sealed(await zipped([...honestTar(), ...zeros])), 'foreign');
  });

  it('is refused when unpacking it would take a lot of memory', async () => {
    const params = { [constants.ZSTD_c_windowLog]: 27, [constants.ZSTD_c_enableLongDistanceMatching]: 1 };
    const frame = zstdCompressSync(Buffer.concat(honestTar()), { params });
    // The size of the content would say that so much is not needed.
    const streamed = await zippedWith(params);
    await expect(verify(await sealed(frame))).resolves.toBeDefined();
    await expectRefused(await sealed(streamed), 'foreign');
  });

  it('is refused when what is sealed is not compressed, or not wholly', async () => {
    await expectRefused(await sealed(Buffer.concat(honestTar())), 'foreign');
    const compressed = await zipped(honestTar());
    for (const bytes of [0, 1, 5, 100, compressed.length - 20]) {
      await expectRefused(await sealed(compressed.subarray(0, bytes)), 'foreign', 'corrupt');
    }
  });

  it('of a newer Kronus is refused before a database is touched', async () => {
    const restore = async (change: (manifest: Manifest) => void) => {
      const object = await sealed(await zipped([manifestFile(manifestWith(change)), users, END_OF_TAR]));
      const nowhere = 'postgresql://nobody@127.0.0.1:1/nothing';
      const options = { store: storeOf(object), name: NAME, passPhrase: PASS_PHRASE, scratchDir };
      return restoreBackup({ ...options, adminUrl: nowhere, migrate: coreMigrations });
    };
    await expect(
      restore((m) => m.databases[0]!.migrations.push('migration-29990101000000')),
    ).rejects.toMatchObject({
      code: 'too_new',
      message: expect.stringContaining('with the migration migration-29990101000000'),
    });
    await expect(
      restore((m) => {
        m.databases[0]!.name = 'stars';
        m.databases[0]!.tables[0]!.file = 'stars/users.csv';
      }),
    ).rejects.toMatchObject({ code: 'too_new' });
    await expect(restore(() => undefined)).rejects.toMatchObject({ code: 'database' });
  });
});
