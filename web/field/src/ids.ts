/** UUIDv7: ids that sort by the time at which they were made. */

import { hex } from './sync/bytes';

export function newId(nowMs = Date.now()): string {
  const raw = crypto.getRandomValues(new Uint8Array(16));
  for (let place = 5, rest = nowMs; place >= 0; place -= 1, rest = Math.floor(rest / 256)) raw[place] = rest % 256;
  raw[6] = (raw[6]! & 0x0f) | 0x70;
  raw[8] = (raw[8]! & 0x3f) | 0x80;
  return hex(raw).replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5');
}
