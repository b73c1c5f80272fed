/** After an answer either store holds what the Python client's holds. */

import 'fake-indexeddb/auto';

import { describe, expect, test } from 'vitest';

import type { Json, Row } from '../src/sync/canonical';
import { PhoneStore } from '../src/store';
import type { Store } from '../src/sync/phone';
import { type Outcome, takeIn, type Write } from '../src/sync/pull';
import { chain, type TakeIn, takeIns } from './fixtures';
import { MemoryStore } from './memory';

const keep = (name: string, value: Json): Write => ({ write: 'keep', name, value });

async function fill(store: Store, { epoch, cursor, records }: TakeIn['before']): Promise<void> {
  const rows = records.map(([entity, row]): Write => ({ write: 'put', entity, rows: [row] }));
  await store.save([keep('epoch', epoch), keep('cursor', cursor), ...rows]);
  await store.append(chain.frozen, { seq: 0, hash: '' }, []);
}

interface Opened {
  store: Store;
  outbox: () => Promise<{ seq: number; outcome: Outcome | null }[]>;
  records: () => Promise<[string, Row][]>;
}

const STORES: Record<string, () => Opened> = {
  'in memory': () => {
    const store = new MemoryStore();
    return {
      store,
      outbox: async () => [...store.contents.outbox.values()].map(({ mutation, outcome }) => ({ seq: mutation.seq, outcome })),
      records: async () => [...store.contents.records.values()].map(({ entity, row }) => [entity, row]),
    };
  },
  'in IndexedDB': () => {
    const store = new PhoneStore(crypto.randomUUID());
    return {
      store,
      outbox: () => store.outbox.toArray(),
      records: async () => (await store.records.toArray()).map(({ entity, row }) => [entity, row]),
    };
  },
};

async function contents({ store, outbox, records }: Opened): Promise<TakeIn['after']> {
  const items = await outbox();
  return {
    epoch: (await store.kept<string>('epoch'))!,
    cursor: (await store.kept<string>('cursor'))!,
    witness: (await store.kept<Row>('witness')) ?? null,
    waiting: (await store.waiting()).map(({ seq }) => seq),
    outcomes: Object.fromEntries(items.flatMap(({ seq, outcome }) => (outcome ? [[seq, outcome.outcome]] : []))),
    records: sorted(await records()),
  };
}

const sorted = (records: [string, Row][]) => records.sort((one, other) => (one[0] < other[0] ? -1 : 1));

describe.each(Object.entries(STORES))('a store %s', (_, open) => {
  test.each(takeIns)('$name', async (given) => {
    const opened = open();
    await fill(opened.store, given.before);
    const stop = await opened.store.rows([{ entity: 'stop', id: given.before.records[0]![1]['id'] as string }]);
    const row = (entity: string) => (entity === 'stop' ? stop[0]! : null);

    await opened.store.save(takeIn(chain.frozen.slice(0, given.sent), given.answer, { epoch: given.before.epoch, row }));

    expect(await contents(opened)).toEqual({ ...given.after, records: sorted(given.after.records) });
  });

  test('what does not fit at the end of the chain is not saved, nor anything with it', async () => {
    const { store } = open();
    await store.append(chain.frozen.slice(0, 2), { seq: 0, hash: '' }, [keep('used', 2)]);

    const saved = await store.append(chain.frozen.slice(1, 2), { seq: 1, hash: '' }, [keep('used', 3)]);

    expect(saved).toBe(false);
    expect(await store.kept('used')).toBe(2);
    expect(await store.pending()).toBe(2);
  });
});

test('a transaction that fails in its middle leaves nothing behind', async () => {
  const store = new PhoneStore(crypto.randomUUID());
  const unclonable = (() => undefined) as unknown as Json;

  await expect(store.save([keep('epoch', 'e'), keep('cursor', unclonable)])).rejects.toThrow();

  expect(await store.kept('epoch')).toBeUndefined();
});
