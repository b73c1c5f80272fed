/** Bytes and the texts that stand for them: base64url, base32, base45, hex. */

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const BASE45 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';

export type Bytes = Uint8Array<ArrayBuffer>;

export const utf8 = (text: string): Bytes => new TextEncoder().encode(text);

export const hex = (raw: Bytes): string =>
  Array.from(raw, (byte) => byte.toString(16).padStart(2, '0')).join('');

export function toBase64url(raw: Bytes): string {
  const binary = Array.from(raw, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

export function fromBase64url(text: string): Bytes {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

/** Base32 (RFC 4648) without padding, of whole groups of five bits. */
export function toBase32(raw: Bytes): string {
  const bits = Array.from(raw, (byte) => byte.toString(2).padStart(8, '0')).join('');
  const groups = bits.match(/.{5}/g) ?? [];
  return groups.map((group) => BASE32[Number.parseInt(group, 2)]).join('');
}

/** Base45 (RFC 9285): two bytes in three characters that a QR code packs well. */
export function toBase45(raw: Bytes): string {
  let text = '';
  for (let at = 0; at < raw.length; at += 2) {
    const pair = at + 1 < raw.length;
    let value = pair ? raw[at]! * 256 + raw[at + 1]! : raw[at]!;
    for (let place = 0; place < (pair ? 3 : 2); place += 1) {
      text += BASE45[value % 45];
      value = Math.floor(value / 45);
    }
  }
  return text;
}
