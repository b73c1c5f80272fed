/** What a phone makes by itself, without a network: frozen mutations, proofs, signatures. */

import { type Bytes, hex, toBase64url, utf8 } from './bytes';
import { canonical, type Row } from './canonical';

/** What the first mutation of a chain names as the one before it. */
export const FIRST_PREV = '';

/** A mutation as it was saved: its bytes are signed, and never made again. */
export interface Frozen {
  seq: number;
  id: string;
  entity: string;
  record_id: string;
  body: string;
  hash: string;
}

/** What is to be said about a record; the chain gives it its place. */
export interface Deed {
  entity: string;
  op: 'put' | 'delete';
  record_id: string;
  base_version: number | null;
  occurred_at: string;
  fields: Row;
}

export interface Head {
  seq: number;
  hash: string;
  signature: string;
}

/** Signs as this phone; the key itself never leaves the browser. */
export type Sign = (message: Bytes) => Promise<string>;

export async function digest(text: string): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(text))));
}

/** The canonical bytes of a mutation, with the hash of the one before it (protocol, step 1). */
export async function freeze(deed: Deed, place: { seq: number; prev: string; id: string }): Promise<Frozen> {
  const body = canonical({ ...deed, ...place });
  const { entity, record_id } = deed;
  return { seq: place.seq, id: place.id, entity, record_id, body, hash: await digest(body) };
}

export const said = (mutation: Frozen): Row => JSON.parse(mutation.body) as Row;

/** The end of the chain in this request, signed: Ed25519 over the hash's hex characters. */
export async function headOf(sign: Sign, run: readonly Frozen[]): Promise<Head | null> {
  const last = run.at(-1);
  if (last === undefined) return null;
  return { seq: last.seq, hash: last.hash, signature: await sign(utf8(last.hash)) };
}

/** Shows that whoever enrols holds the key. */
export function enrolProof(sign: Sign, named: { code: string; device_id: string; public_key: string; staff_no: string }): Promise<string> {
  return sign(utf8(canonical({ purpose: 'enrol', ...named })));
}

/** Binds a refresh to this phone's key. */
export async function refreshProof(sign: Sign, deviceId: string, refreshToken: string): Promise<string> {
  const words = { purpose: 'refresh', device_id: deviceId, refresh_token_sha256: await digest(refreshToken) };
  return sign(utf8(canonical(words)));
}

/** Shows that whoever brings the certificate is the phone that it names. */
export async function readmitProof(sign: Sign, shown: { certificate: string; refresh_token: string; epoch: string }): Promise<string> {
  const words = {
    purpose: 'readmit',
    certificate_sha256: await digest(shown.certificate),
    refresh_token_sha256: await digest(shown.refresh_token),
    epoch: shown.epoch,
  };
  return sign(utf8(canonical(words)));
}

export const signer =
  (key: CryptoKey): Sign =>
  async (message) =>
    toBase64url(new Uint8Array(await crypto.subtle.sign('Ed25519', key, message)));
