/** What goes up: the next run of the outbox, and the question around it (protocol, exchange). Pure. */

import type { Row } from './canonical';
import { type Frozen, type Head, said } from './facts';

export const PROTOCOL = 4;
/** Mutations in one request; the server takes 500, a bad network rather fewer. */
export const MUTATIONS_MAX = 200;
export const REQUEST_BYTES_MAX = 512 * 1024;

export interface Place {
  epoch: string | null;
  cursor: string | null;
}

/** The first run of numbers without a gap: the signature over its end covers all of it. */
export function unbroken(waiting: readonly Frozen[], countMax: number, bytesMax = REQUEST_BYTES_MAX): readonly Frozen[] {
  let total = 0;
  for (const [place, mutation] of waiting.entries()) {
    total += mutation.body.length;
    const follows = place === 0 || mutation.seq === waiting[place - 1]!.seq + 1;
    if (!follows || place === countMax || (place > 0 && total > bytesMax)) return waiting.slice(0, place);
  }
  return waiting;
}

/** The rows of a request; `run` is unbroken, so only its first has to name its `prev`. */
export function onTheWire(run: readonly Frozen[]): Row[] {
  const rows = run.map(said);
  for (const row of rows.slice(1)) delete row['prev'];
  return rows;
}

export function question(
  run: readonly Frozen[],
  asked: Place & { head: Head | null; clock: string; app: string; pending: number },
): Row {
  const { epoch, cursor, clock, app, pending } = asked;
  const head = asked.head && { ...asked.head };
  return { protocol: PROTOCOL, epoch, cursor, device: { clock, app, pending }, head, mutations: onTheWire(run) };
}
