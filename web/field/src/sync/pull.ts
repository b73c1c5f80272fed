/** What an answer changes on the phone: a list of writes that are saved together or not at all (protocol 4 to 6). Pure. */

import type { Json, Row } from './canonical';
import { type Frozen, said as saidBy } from './facts';

export interface Outcome extends Row {
  id: string | null;
  outcome: 'applied' | 'merged' | 'conflict' | 'held' | 'waiting' | 'rejected';
}

export interface Changes {
  [entity: string]: { fields: string[]; put: Json[][]; drop: [string, string][] };
}

/** The answer to an exchange, as far as a phone acts on it. */
export interface Answer {
  epoch: string;
  server_time: string;
  safe_seq?: number;
  outcomes: Outcome[];
  missing: number[];
  changes: Changes;
  cursor: string | null;
  more: boolean;
  retry_after_s: number;
  orders: string[];
  witness?: Row;
}

export type Write =
  | { write: 'drop-all' }
  | { write: 'offer-again-after'; seq: number }
  | { write: 'note-outcome'; seq: number; outcome: Outcome }
  | { write: 'offer-again'; numbers: number[] }
  | { write: 'forget-safe'; seq: number }
  | { write: 'put'; entity: string; rows: Row[] }
  | { write: 'drop'; entity: string; ids: string[] }
  | { write: 'keep'; name: string; value: Json };

/** What the phone knew when it asked: its epoch, and the records that the run is about. */
export interface Known {
  epoch: string | null;
  row: (entity: string, recordId: string) => Row | null;
}

/** The writes of an answer, in the order in which they are to be made. */
export function takeIn(run: readonly Frozen[], answer: Answer, known: Known): Write[] {
  const writes: Write[] = [];
  const safe = answer.safe_seq ?? 0;
  const anew = known.epoch !== null && known.epoch !== answer.epoch;
  if (anew) writes.push({ write: 'drop-all' }, { write: 'offer-again-after', seq: safe });
  writes.push({ write: 'keep', name: 'epoch', value: answer.epoch });
  const rows = new Map<string, Row | null>();
  const find = (entity: string, id: string): Row | null => {
    const own = rows.get(`${entity}/${id}`);
    return own !== undefined ? own : anew ? null : known.row(entity, id);
  };
  for (const [place, mutation] of run.entries()) {
    const outcome = answer.outcomes[place]!;
    writes.push({ write: 'note-outcome', seq: mutation.seq, outcome });
    const kept = keepOwn(mutation, outcome, find(mutation.entity, mutation.record_id));
    if (kept === null) continue;
    writes.push(kept);
    const row = kept.write === 'put' ? kept.rows[0]! : null;
    rows.set(`${mutation.entity}/${mutation.record_id}`, row);
  }
  if (answer.missing.length > 0) writes.push({ write: 'offer-again', numbers: answer.missing });
  if (safe > 0) writes.push({ write: 'forget-safe', seq: safe });
  writes.push(...page(answer.changes));
  writes.push({ write: 'keep', name: 'cursor', value: answer.cursor });
  // Kept as it came: it is the server's own word against a log that was rewritten.
  if (answer.witness) writes.push({ write: 'keep', name: 'witness', value: answer.witness });
  return writes;
}

/** A page's rows by entity, drops of one entity after its puts. */
export function page(changes: Changes): Write[] {
  return Object.entries(changes).flatMap(([entity, { fields, put, drop }]) => [
    { write: 'put' as const, entity, rows: put.map((row) => named(fields, row)) },
    { write: 'drop' as const, entity, ids: drop.map(([id]) => id) },
  ]);
}

function named(fields: string[], row: Json[]): Row {
  return Object.fromEntries(fields.map((name, place) => [name, row[place]!]));
}

/**
 * Our own write is not sent back to us: what was applied as it is becomes the record.
 *
 * What the server made something else of (merged, in conflict, released) comes as a change.
 */
function keepOwn(mutation: Frozen, outcome: Outcome, known: Row | null): (Write & { write: 'put' | 'drop' }) | null {
  const version = outcome['version'];
  if (typeof version !== 'number' || !['applied', 'held'].includes(outcome.outcome)) return null;
  if (known !== null && (known['version'] as number) >= version) return null;
  const said = saidBy(mutation);
  // An edit of what it was told to drop, or has not read yet, makes no record.
  if (known === null && said['base_version'] !== null) return null;
  const { entity, record_id } = mutation;
  if (said['op'] === 'delete') return { write: 'drop', entity, ids: [record_id] };
  const first = { id: record_id, occurred_at: said['occurred_at']! };
  const row = { ...first, ...(known ?? {}), ...(said['fields'] as Row), version };
  return { write: 'put', entity, rows: [row] };
}
