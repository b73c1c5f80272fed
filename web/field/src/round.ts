/** What the phone holds, as its screens show it: records with what the outbox still says on top. Pure. */

import type { OpenBill } from './allocation';
import type { Item } from './store';
import type { Row } from './sync/canonical';
import { said } from './sync/facts';
import { type ItemState, itemState } from './sync/outbox';

/** One door of the round, with all that is known about it. */
export interface Door {
  stop_id: string;
  account_no: string;
  name: string;
  name_ur: string;
  address: string;
  phone: string | null;
  flags: string[];
  walk_order: number;
  state: string;
  outcome: string | null;
  version: number;
  /** What is owed, less what this phone has taken and the books have not read yet. */
  due_paisa: number;
  taken_paisa: number;
  uncleared_paisa: number;
  held_paisa: number;
  as_of: string | null;
  open_bills: OpenBill[];
  due_dates: Map<string, { bill_month: string; due_date: string }>;
}

export interface Recorded {
  seq: number;
  id: string;
  entity: string;
  about: string;
  occurred_at: string;
  fields: Row;
  state: ItemState;
  /** The server's own words about it, where it has some. */
  why: { en: string; ur: string } | null;
}

export interface Held {
  stops: Row[];
  consumers: Row[];
  positions: Row[];
  bills: Row[];
  collections: Row[];
  verdicts: Row[];
  outbox: Item[];
}

const DONE = new Set(['visited', 'done', 'moved', 'withdrawn']);
const NOT_MONEY = new Set(['void', 'reversed', 'transferred']);

export const isLeft = (door: Door): boolean => !DONE.has(door.state);

export function doors(held: Held): Door[] {
  const consumers = byAccount(held.consumers);
  const positions = byAccount(held.positions);
  const waiting = held.outbox.filter((item) => item.waiting === 1);
  const money = collections(held);
  return held.stops
    .map((row) => door(row, waiting, consumers, positions, held.bills, money))
    .sort((one, other) => one.walk_order - other.walk_order);
}

/** The officer's own collections, the unsent ones too. */
export function collections(held: Held): Row[] {
  const known = new Map(held.collections.map((row) => [row['id'], row]));
  for (const item of held.outbox) {
    if (item.entity === 'collection' && !known.has(item.record_id)) known.set(item.record_id, fieldsOf(item));
  }
  return [...known.values()].filter((row) => !NOT_MONEY.has(String(row['state'])));
}

export function cashInHand(held: Held): number {
  return sum(collections(held).filter((row) => row['tender'] === 'cash'));
}

/** The outbox, the newest first. */
export function recorded(held: Held, sending: boolean): Recorded[] {
  const verdicts = new Map(held.verdicts.map((row) => [row['mutation_id'], row]));
  return held.outbox
    .map((item) => {
      const mutation = said(item);
      const fields = mutation['fields'] as Row;
      const verdict = verdicts.get(item.id) ?? null;
      return {
        seq: item.seq,
        id: item.id,
        entity: item.entity,
        about: String(fields['account_no'] ?? ''),
        occurred_at: String(mutation['occurred_at']),
        fields,
        state: itemState(item.outcome, verdict, sending),
        why: why(item),
      };
    })
    .sort((one, other) => other.seq - one.seq);
}

function why(item: Item): Recorded['why'] {
  const errors = Object.values((item.outcome?.['errors'] ?? {}) as Record<string, { en: string; ur: string }>);
  return errors[0] ?? null;
}

function door(row: Row, waiting: Item[], consumers: Map<string, Row>, positions: Map<string, Row>, bills: Row[], money: Row[]): Door {
  const edits = waiting.filter((item) => item.entity === 'stop' && item.record_id === row['id']);
  const stop: Row = Object.assign({}, row, ...edits.map((item) => said(item)['fields']));
  const account_no = String(stop['account_no']);
  const consumer = consumers.get(account_no) ?? {};
  const position = positions.get(account_no) ?? {};
  // Once the books have read it, a collection has a state, and the position counts it.
  const taken_paisa = sum(money.filter((one) => one['account_no'] === account_no && !one['state']));
  const due = Number(position['due_paisa'] ?? stop['expected_paisa'] ?? 0);
  const own = bills.filter((bill) => bill['account_no'] === account_no);
  return {
    stop_id: String(stop['id']),
    account_no,
    name: String(consumer['name'] ?? account_no),
    name_ur: String(consumer['name_ur'] ?? consumer['name'] ?? account_no),
    address: String(consumer['address'] ?? ''),
    phone: (consumer['phone_e164'] ?? null) as string | null,
    flags: (consumer['flags'] ?? []) as string[],
    walk_order: Number(stop['walk_order']),
    state: String(stop['state']),
    outcome: (stop['outcome'] ?? null) as string | null,
    version: Number(row['version']) + edits.length,
    due_paisa: Math.max(due - taken_paisa, 0),
    taken_paisa,
    uncleared_paisa: Number(position['uncleared_paisa'] ?? 0),
    held_paisa: Number(position['held_paisa'] ?? 0),
    as_of: (position['as_of'] ?? null) as string | null,
    open_bills: (position['open_bills'] ?? []) as unknown as OpenBill[],
    due_dates: new Map(
      own.map((bill) => [String(bill['invoice_no']), { bill_month: String(bill['bill_month']), due_date: String(bill['due_date']) }]),
    ),
  };
}

const fieldsOf = (item: Item): Row => ({ id: item.record_id, ...(said(item)['fields'] as Row) });

const byAccount = (rows: Row[]): Map<string, Row> => new Map(rows.map((row) => [String(row['account_no']), row]));

const sum = (rows: Row[]): number => rows.reduce((total, row) => total + Number(row['amount_paisa']), 0);
