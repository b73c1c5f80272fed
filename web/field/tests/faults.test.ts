/** A hundred bad days: answers get lost, the store fails, the app dies, the database is restored; no rupee is lost or counted twice. */

import { expect, test } from 'vitest';

import { canonical, type Json, type Row } from '../src/sync/canonical';
import { type Deed, digest, type Frozen, said } from '../src/sync/facts';
import { type ChainEnd, Lost, Phone, type Server } from '../src/sync/phone';
import type { Write } from '../src/sync/pull';
import { newSigner } from './keys';
import { MemoryStore } from './memory';

const DAYS = 100;
const DEEDS = 12;
const TRIES_MAX = 400;

/** Numbers from a seed (mulberry32). */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class FailingStore extends MemoryStore {
  constructor(private readonly fails: () => boolean) {
    super();
  }

  override async save(writes: readonly Write[]): Promise<void> {
    if (this.fails()) throw new DOMException('the disk is full', 'QuotaExceededError');
    await super.save(writes);
  }

  override async append(mutations: readonly Frozen[], after: ChainEnd, also: readonly Write[]): Promise<boolean> {
    if (this.fails()) throw new DOMException('the app was killed', 'AbortError');
    return super.append(mutations, after, also);
  }
}

/** As much of the server as money needs: each mutation counts once, its chain must hold. */
class Books implements Server {
  epoch = 1;
  log = new Map<string, Row>();
  chain: string[] = [];
  constructor(private readonly loses: () => 'before' | 'after' | null) {}

  async post(_path: string, asked: Row): Promise<unknown> {
    const fate = this.loses();
    if (fate === 'before') throw new Lost('the request');
    const answer = await this.exchange(asked);
    if (fate === 'after') throw new Lost('the answer');
    return answer;
  }

  /** As a restore does: what came since the backup is gone. */
  restore(kept: number): void {
    const rows = [...this.log].filter(([, row]) => (row['seq'] as number) <= kept);
    this.log = new Map(rows);
    this.chain = this.chain.slice(0, kept);
    this.epoch += 1;
  }

  private async exchange(asked: Row): Promise<Row> {
    const outcomes: Json[] = [];
    let prev = '';
    for (const row of asked['mutations'] as Row[]) {
      const whole = { ...row, prev: row['prev'] ?? prev } as Row;
      const { body, hash } = await rehashed(whole);
      const seq = row['seq'] as number;
      expect(seq === 1 || this.chain[seq - 2] === undefined || whole['prev'] === this.chain[seq - 2]).toBe(true);
      this.chain[seq - 1] = hash;
      this.log.set(row['id'] as string, JSON.parse(body) as Row);
      outcomes.push({ id: row['id']!, outcome: 'applied', version: 1 });
      prev = hash;
    }
    const last = Math.max(0, ...[...this.log.values()].map((row) => row['seq'] as number));
    const had = new Set([...this.log.values()].map((row) => row['seq'] as number));
    const missing = Array.from({ length: last }, (_, place) => place + 1).filter((seq) => !had.has(seq));
    return {
      epoch: String(this.epoch), server_time: '2026-04-08T09:00:00.000Z', safe_seq: 0, outcomes, missing, changes: {},
      cursor: 'c', more: false, retry_after_s: 60, orders: [],
    };
  }
}

async function rehashed(row: Row): Promise<{ body: string; hash: string }> {
  const body = canonical(row);
  return { body, hash: await digest(body) };
}

const money = (rows: Iterable<Row>): number =>
  [...rows].reduce((sum, row) => sum + ((row['fields'] as Row)['amount_paisa'] as number), 0);

async function enrolled(store: MemoryStore): Promise<void> {
  const block = { prefix: 'A0', first_serial: 1, last_serial: 500, certificate: '' };
  await MemoryStore.prototype.save.call(store, [
    { write: 'keep', name: 'enrolment', value: { receipt_secret: 'AAAA', access_token: 't' } },
    { write: 'keep', name: 'receipts', value: { block, used: 0, next: null } },
  ]);
}

const collection = (number: number, amount_paisa: number): Deed => ({
  entity: 'collection',
  op: 'put',
  record_id: `r ${number}`,
  base_version: null,
  occurred_at: '2026-04-08T08:30:00.000Z',
  fields: { account_no: '0400000000001', tender: 'cash', amount_paisa },
});

async function aBadDay(seed: number): Promise<void> {
  const roll = dice(seed);
  let calm = false;
  const books = new Books(() => (calm || roll() > 0.4 ? null : roll() < 0.5 ? 'before' : 'after'));
  const store = new FailingStore(() => !calm && roll() < 0.15);
  const { sign } = await newSigner();
  let ids = 0;
  const ports = {
    server: books, store, sign, now: () => new Date(0), newId: () => `id ${(ids += 1)}`,
    chance: roll, alarm: () => undefined, changed: () => undefined, alone: (work: () => Promise<void>) => work(),
  };
  let phone = new Phone(ports);
  await enrolled(store);

  const shown: { no: string; paisa: number }[] = [];
  for (let deed = 0; deed < DEEDS; deed += 1) {
    const amount_paisa = 100 * (1 + Math.floor(roll() * 1000));
    try {
      const printed = await phone.collect(collection(deed, amount_paisa));
      shown.push({ no: printed.receipt_no, paisa: amount_paisa });
    } catch (reason) {
      expect(reason).toBeInstanceOf(DOMException);
    }
    if (roll() < 0.5) await phone.wake();
    if (roll() < 0.2) phone = new Phone(ports);
    if (roll() < 0.1) books.restore(Math.floor(roll() * books.chain.length));
  }
  calm = true;
  for (let attempt = 0; attempt < TRIES_MAX && (attempt < 2 || (await store.pending()) > 0); attempt += 1) await phone.wake();

  const collected = [...books.log.values()];
  expect(await store.pending()).toBe(0);
  expect(money(collected)).toBe(shown.reduce((sum, { paisa }) => sum + paisa, 0));
  expect(collected.map((row) => (row['fields'] as Row)['receipt_no']).sort()).toEqual(shown.map(({ no }) => no).sort());
  expect(new Set(shown.map(({ no }) => no)).size).toBe(shown.length);
  const chain = [...store.contents.outbox.values()].map(({ mutation }) => said(mutation));
  expect(chain.map((row) => row['seq'])).toEqual(shown.map((_, place) => place + 1));
}

test(`in ${DAYS} bad days every receipt that was shown is in the books once`, async () => {
  for (let seed = 1; seed <= DAYS; seed += 1) await aBadDay(seed);
});

test('two pages of the app that take money at once share one chain, and no receipt number', async () => {
  const store = new MemoryStore();
  await enrolled(store);
  const { sign } = await newSigner();
  let ids = 0;
  const ports = {
    server: new Books(() => null), store, sign, now: () => new Date(0), newId: () => `id ${(ids += 1)}`,
    chance: () => 0, alarm: () => undefined, changed: () => undefined, alone: (work: () => Promise<void>) => work(),
  };

  const shown = await Promise.all(Array.from({ length: 8 }, (_, place) => new Phone(ports).collect(collection(place, 100))));

  const chain = await store.waiting();
  expect(chain.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  for (const [place, mutation] of chain.slice(1).entries()) expect(said(mutation)['prev']).toBe(chain[place]!.hash);
  const numbers = chain.map((mutation) => (said(mutation)['fields'] as Row)['receipt_no']);
  expect(new Set(numbers).size).toBe(8);
  expect(shown.map(({ receipt_no }) => receipt_no).sort()).toEqual(numbers);
});
