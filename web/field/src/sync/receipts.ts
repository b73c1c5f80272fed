/** What is printed for the payer: the number, the code that binds it to the money, and the signed QR (protocol 11). */

import { type Bytes, fromBase64url, toBase32, toBase45, utf8 } from './bytes';
import type { Sign } from './facts';

const CODE_CHARS = 8;
const MINUTE_MS = 60_000;
const QR_VERSION = 1;
const QR_SIGNED_AS = 'fieldledger receipt 1\n';
const KEY_ID_BYTES = 8;
const NO_ACCOUNT = 2 ** 48 - 1;

/** Receipt numbers `prefix-<six digits>` that this phone may print, each once. */
export interface ReceiptBlock {
  prefix: string;
  first_serial: number;
  last_serial: number;
  certificate: string;
}

export interface Printed {
  receipt_no: string;
  account_no: string | null;
  amount_paisa: number;
  occurred_at: string;
}

/** The number after `used` numbers of the block; null when the block is used up. */
export function numberOf(block: ReceiptBlock, used: number): string | null {
  const serial = block.first_serial + used;
  return serial > block.last_serial ? null : `${block.prefix}-${String(serial).padStart(6, '0')}`;
}

/** Eight characters that bind what is printed: number, account, amount, date and minute. */
export async function receiptCode(secret: string, printed: Printed): Promise<string> {
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', fromBase64url(secret), hmac, false, ['sign']);
  const minute = `${printed.occurred_at.slice(0, 16)}Z`;
  const text = [printed.receipt_no, printed.account_no ?? '', printed.amount_paisa, minute].join('|');
  const mac = await crypto.subtle.sign('HMAC', key, utf8(text));
  return toBase32(new Uint8Array(mac)).slice(0, CODE_CHARS);
}

/** The text of the QR; its layout stands in auth/receipt_qr.py. */
export async function receiptQr(sign: Sign, deviceId: string, printed: Printed): Promise<string> {
  const dash = printed.receipt_no.lastIndexOf('-');
  const prefix = printed.receipt_no.slice(0, dash);
  const packed = joined([
    Uint8Array.of(QR_VERSION),
    keyId(deviceId),
    Uint8Array.of(prefix.length),
    utf8(prefix),
    bigEndian(Number(printed.receipt_no.slice(dash + 1)), 3),
    bigEndian(printed.account_no === null ? NO_ACCOUNT : Number(printed.account_no), 6),
    bigEndian(printed.amount_paisa, 5),
    bigEndian(Math.floor(Date.parse(printed.occurred_at) / MINUTE_MS), 4),
  ]);
  const signature = await sign(joined([utf8(QR_SIGNED_AS), packed]));
  return toBase45(joined([packed, fromBase64url(signature)]));
}

function keyId(deviceId: string): Bytes {
  const pairs = deviceId.replaceAll('-', '').match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16)).slice(-KEY_ID_BYTES);
}

function bigEndian(value: number, length: number): Bytes {
  const raw = new Uint8Array(length);
  for (let place = length - 1, rest = value; place >= 0; place -= 1, rest = Math.floor(rest / 256)) {
    raw[place] = rest % 256;
  }
  return raw;
}

function joined(parts: Bytes[]): Bytes {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
