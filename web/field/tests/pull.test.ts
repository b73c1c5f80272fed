/** After an answer the store holds what the Python client's holds. */

import { expect, test } from 'vitest';

import type { Json, Row } from '../src/sync/canonical';
import { takeIn, type Write } from '../src/sync/pull';
import { chain, type TakeIn, takeIns } from './fixtures';
import { MemoryStore } from './memory';

async function before({ epoch, cursor, records }: TakeIn['before']): Promise<MemoryStore> {
  const store = new MemoryStore();
  const keep = (name: string, value: Json): Write => ({ write: 'keep', name, value });
  const rows = records.map(([entity, row]): Write => ({ write: 'put', entity, rows: [row] }));
  await store.save([keep('epoch', epoch), keep('cursor', cursor), ...rows]);
  await store.append(chain.frozen, { seq: 0, hash: '' }, []);
  return store;
}

function contents(store: MemoryStore): TakeIn['after'] {
  const { kept, outbox, records } = store.contents;
  const items = [...outbox.values()];
  return {
    epoch: kept.get('epoch') as string,
    cursor: kept.get('cursor') as string,
    witness: (kept.get('witness') ?? null) as Row | null,
    waiting: items.filter(({ outcome }) => !outcome).map(({ mutation }) => mutation.seq),
    outcomes: Object.fromEntries(
      items.flatMap(({ mutation, outcome }) => (outcome ? [[mutation.seq, outcome.outcome]] : [])),
    ),
    records: [...records.values()].map(({ entity, row }): [string, Row] => [entity, row]),
  };
}

const byEntity = (one: [string, Row], other: [string, Row]) => (one[0] < other[0] ? -1 : 1);

test.each(takeIns)('$name', async (given) => {
  const store = await before(given.before);
  const known = store.contents.records;
  const row = (entity: string, id: string) => known.get(`${entity}/${id}`)?.row ?? null;

  await store.save(takeIn(chain.frozen.slice(0, given.sent), given.answer, { epoch: given.before.epoch, row }));

  const after = contents(store);
  expect({ ...after, records: after.records.sort(byEntity) }).toEqual({ ...given.after, records: given.after.records.sort(byEntity) });
});
