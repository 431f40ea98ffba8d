import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, randomUUID } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, type JWK } from 'jose';

/** A key that access tokens are verified with; `kid` is its RFC 7638 thumbprint. */
export interface VerificationKey {
  kid: string;
  publicKey: KeyObject;
  /** The public half as it is published. */
  publicJwk: JWK;
}

/** The key that access tokens are signed with. */
export interface SigningKey extends VerificationKey {
  privateKey: KeyObject;
}

const modulusLength = 2048;

/**
 * The key to sign with: the configured one, else one made at the first start and kept in the data folder (mode 0600).
 * Processes that start together end with the same key.
 */
export async function loadSigningKey(source: {
  privateKeyPem: string | null;
  dataDir: string;
}): Promise<SigningKey> {
  return importSigningKey(source.privateKeyPem ?? (await keptPem(source.dataDir)));
}

/** Reads an RSA private key in PKCS#1 or PKCS#8 PEM. @throws Error when it is none or shorter than 2048 bits. */
export async function importSigningKey(pem: string): Promise<SigningKey> {
  const privateKey = createPrivateKey(pem);
  return { ...(await verificationKeyOf(createPublicKey(privateKey))), privateKey };
}

/** Reads an RSA key in PEM, public or private. @throws Error when it is none or shorter than 2048 bits. */
export const importVerificationKey = (pem: string): Promise<VerificationKey> =>
  verificationKeyOf(createPublicKey(pem));

async function verificationKeyOf(publicKey: KeyObject): Promise<VerificationKey> {
  const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (publicKey.asymmetricKeyType !== 'rsa' || bits < modulusLength) {
    throw new Error(`the signing key must be an RSA key of at least ${modulusLength} bits`);
  }
  const { kty, n, e } = publicKey.export({ format: 'jwk' });
  const kid = await calculateJwkThumbprint({ kty, n, e } as JWK);
  return { kid, publicKey, publicJwk: { kty, n, e, kid, alg: 'RS256', use: 'sig' } as JWK };
}

async function keptPem(dataDir: string): Promise<string> {
  const folder = join(dataDir, 'keys');
  const file = join(folder, 'access-token.pem');
  const kept = await readIfThere(file);
  if (kept !== null) return kept;

  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength });
  const draft = join(folder, `${randomUUID()}.tmp`);
  await writeFile(draft, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  await chmod(draft, 0o600);
  try {
    // A link appears whole or not at all and never replaces the key of a process that was faster.
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft);
  }
  return readFile(file, 'utf8');
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
