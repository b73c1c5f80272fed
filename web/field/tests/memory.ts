/** A store in memory with the rules of the real one. */

import type { Json, Row } from '../src/sync/canonical';
import type { Frozen } from '../src/sync/facts';
import type { ChainEnd, Store } from '../src/sync/phone';
import type { Outcome, Write } from '../src/sync/pull';

interface Contents {
  kept: Map<string, Json>;
  outbox: Map<number, { mutation: Frozen; outcome: Outcome | null }>;
  records: Map<string, { entity: string; row: Row }>;
}

export class MemoryStore implements Store {
  contents: Contents = { kept: new Map(), outbox: new Map(), records: new Map() };

  async kept<T>(name: string): Promise<T | undefined> {
    return this.contents.kept.get(name) as T | undefined;
  }

  async save(writes: readonly Write[]): Promise<void> {
    const copy = structuredClone(this.contents);
    for (const write of writes) apply(copy, write);
    this.contents = copy;
  }

  async append(mutations: readonly Frozen[], after: ChainEnd, also: readonly Write[]): Promise<boolean> {
    const end = (this.contents.kept.get('chain_end') as unknown as ChainEnd | undefined) ?? { seq: 0, hash: '' };
    if (end.seq !== after.seq) return false;
    const copy = structuredClone(this.contents);
    for (const mutation of mutations) copy.outbox.set(mutation.seq, { mutation, outcome: null });
    const { seq, hash } = mutations.at(-1)!;
    for (const write of also) apply(copy, write);
    copy.kept.set('chain_end', { seq, hash });
    this.contents = copy;
    return true;
  }

  async waiting(): Promise<Frozen[]> {
    const items = [...this.contents.outbox.values()].filter(({ outcome }) => outcome === null);
    return items.map(({ mutation }) => mutation).sort((one, other) => one.seq - other.seq);
  }

  async pending(): Promise<number> {
    return (await this.waiting()).length;
  }

  async rows(keys: readonly { entity: string; id: string }[]): Promise<(Row | null)[]> {
    return keys.map(({ entity, id }) => this.contents.records.get(`${entity}/${id}`)?.row ?? null);
  }

  async forgetEverything(): Promise<void> {
    this.contents = { kept: new Map(), outbox: new Map(), records: new Map() };
  }
}

function apply({ kept, outbox, records }: Contents, write: Write): void {
  const wait = (of: (seq: number) => boolean) => {
    for (const [seq, item] of outbox) if (of(seq)) item.outcome = null;
  };
  switch (write.write) {
    case 'drop-all': return records.clear();
    case 'offer-again-after': return wait((seq) => seq > write.seq);
    case 'offer-again': return wait((seq) => write.numbers.includes(seq));
    case 'note-outcome': {
      const item = outbox.get(write.seq);
      if (item) item.outcome = write.outcome;
      return;
    }
    case 'forget-safe':
      for (const [seq, { outcome }] of outbox) if (seq <= write.seq && outcome) outbox.delete(seq);
      return;
    case 'put':
      for (const row of write.rows) records.set(`${write.entity}/${row['id']}`, { entity: write.entity, row });
      return;
    case 'drop':
      for (const id of write.ids) records.delete(`${write.entity}/${id}`);
      return;
    case 'keep':
      kept.set(write.name, write.value);
  }
}
