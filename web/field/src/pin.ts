/** The officer's PIN on this phone: only a slow hash of it is kept, and wrong tries cost time. */

import { type Bytes, fromBase64url, toBase64url, utf8 } from './sync/bytes';
import type { PhoneStore } from './store';

const ROUNDS = 310_000;
const SALT_BYTES = 16;
const FREE_TRIES = 5;
const FIRST_WAIT_MS = 30_000;
const WAIT_MS_MAX = 3_600_000;

interface KeptPin {
  salt: string;
  hash: string;
  wrong: number;
  until: number;
}

export type Try = { unlocked: true } | { unlocked: false; waitSeconds: number };

export async function keepPin(store: PhoneStore, pin: string): Promise<void> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const kept: KeptPin = { salt: toBase64url(salt), hash: await slowHash(pin, salt), wrong: 0, until: 0 };
  await store.keep('pin', kept);
}

export async function tryPin(store: PhoneStore, pin: string, nowMs: number): Promise<Try> {
  const kept = (await store.kept<KeptPin>('pin'))!;
  if (nowMs < kept.until) return { unlocked: false, waitSeconds: Math.ceil((kept.until - nowMs) / 1000) };
  if ((await slowHash(pin, fromBase64url(kept.salt))) === kept.hash) {
    await store.keep('pin', { ...kept, wrong: 0, until: 0 });
    return { unlocked: true };
  }
  const wrong = kept.wrong + 1;
  const waitMs = wrong < FREE_TRIES ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (wrong - FREE_TRIES), WAIT_MS_MAX);
  await store.keep('pin', { ...kept, wrong, until: nowMs + waitMs });
  return { unlocked: false, waitSeconds: waitMs / 1000 };
}

async function slowHash(pin: string, salt: Bytes): Promise<string> {
  const key = await crypto.subtle.importKey('raw', utf8(pin), 'PBKDF2', false, ['deriveBits']);
  const how = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: ROUNDS };
  return toBase64url(new Uint8Array(await crypto.subtle.deriveBits(how, key, 256)));
}
