/**
 * The phone's own database, in IndexedDB.
 *
 * Every transaction asks for strict durability: what it promised is on the disk before anybody is
 * shown a receipt. A promise of `save` or `append` resolves with the transaction's `complete`.
 */

import Dexie, { type EntityTable, type Table } from 'dexie';

import type { Json, Row } from './sync/canonical';
import type { Frozen } from './sync/facts';
import type { ChainEnd, Store } from './sync/phone';
import type { Outcome, Write } from './sync/pull';

const WAITING = 1;
const ANSWERED = 0;

/** A mutation with its outcome; `waiting` is 1 until there is one, so that an index finds it. */
export interface Item extends Frozen {
  waiting: 0 | 1;
  outcome: Outcome | null;
}

export interface Kept {
  entity: string;
  id: string;
  account_no: string;
  row: Row;
}

export class PhoneStore extends Dexie implements Store {
  declare names: EntityTable<{ name: string; value: unknown }, 'name'>;
  declare outbox: Table<Item, number>;
  declare records: Table<Kept, [string, string]>;

  constructor(name = 'fieldledger') {
    super(name, { chromeTransactionDurability: 'strict' });
    this.version(1).stores({
      names: 'name',
      outbox: 'seq, waiting, record_id',
      records: '[entity+id], entity, [entity+account_no]',
    });
  }

  async kept<T>(name: string): Promise<T | undefined> {
    return (await this.names.get(name))?.value as T | undefined;
  }

  /** Keep what JSON cannot say: this phone's key, which the browser never lets out. */
  async keep(name: string, value: unknown): Promise<void> {
    await this.names.put({ name, value });
  }

  async save(writes: readonly Write[]): Promise<void> {
    await this.transaction('rw', this.names, this.outbox, this.records, async () => {
      for (const write of writes) await this.apply(write);
    });
  }

  async append(mutations: readonly Frozen[], after: ChainEnd, also: readonly Write[]): Promise<boolean> {
    return this.transaction('rw', this.names, this.outbox, this.records, async () => {
      const end = await this.kept<ChainEnd>('chain_end');
      if ((end?.seq ?? 0) !== after.seq) return false;
      await this.outbox.bulkAdd(mutations.map((mutation) => ({ ...mutation, waiting: WAITING, outcome: null })));
      for (const write of also) await this.apply(write);
      const { seq, hash } = mutations.at(-1)!;
      await this.keep('chain_end', { seq, hash });
      return true;
    });
  }

  async waiting(): Promise<Frozen[]> {
    const items = await this.outbox.where('waiting').equals(WAITING).sortBy('seq');
    return items.map(({ waiting: _, outcome: __, ...mutation }) => mutation);
  }

  pending(): Promise<number> {
    return this.outbox.where('waiting').equals(WAITING).count();
  }

  async rows(keys: readonly { entity: string; id: string }[]): Promise<(Row | null)[]> {
    const found = await this.records.bulkGet(keys.map(({ entity, id }) => [entity, id]));
    return found.map((kept) => kept?.row ?? null);
  }

  async all(entity: string): Promise<Row[]> {
    return (await this.records.where('entity').equals(entity).toArray()).map(({ row }) => row);
  }

  async forgetEverything(): Promise<void> {
    await this.transaction('rw', this.names, this.outbox, this.records, async () => {
      await Promise.all([this.names.clear(), this.outbox.clear(), this.records.clear()]);
    });
  }

  private async apply(write: Write): Promise<void> {
    switch (write.write) {
      case 'drop-all':
        await this.records.clear();
        return;
      case 'offer-again-after':
        await this.outbox.where('seq').above(write.seq).modify({ waiting: WAITING, outcome: null });
        return;
      case 'offer-again':
        await this.outbox.where('seq').anyOf(write.numbers).modify({ waiting: WAITING, outcome: null });
        return;
      case 'note-outcome':
        await this.outbox.update(write.seq, { waiting: ANSWERED, outcome: write.outcome });
        return;
      case 'forget-safe':
        await this.outbox.where('seq').belowOrEqual(write.seq).and(({ waiting }) => waiting === ANSWERED).delete();
        return;
      case 'put':
        await this.records.bulkPut(write.rows.map((row) => keptOf(write.entity, row)));
        return;
      case 'drop':
        await this.records.bulkDelete(write.ids.map((id) => [write.entity, id]));
        return;
      case 'keep':
        await this.keep(write.name, write.value);
    }
  }
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

function keptOf(entity: string, row: Row): Kept {
  return { entity, id: text(row['id']), account_no: text(row['account_no']), row };
}
