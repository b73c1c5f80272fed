/** The key of the protocol's vectors, and what anybody's key is checked with. */

import { fromBase64url, toBase64url } from '../src/sync/bytes';
import { type Sign, signer } from '../src/sync/facts';
import { vectors } from './fixtures';

// PKCS #8 of an Ed25519 key is this, then its 32 bytes (RFC 8410).
const PKCS8 = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]);

export async function vectorSigner(): Promise<Sign> {
  const pkcs8 = Uint8Array.from([...PKCS8, ...fromBase64url(vectors.private_key)]);
  return signer(await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']));
}

export async function newSigner(): Promise<{ sign: Sign; publicKey: string }> {
  const pair = (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair;
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  return { sign: signer(pair.privateKey), publicKey: toBase64url(raw) };
}
