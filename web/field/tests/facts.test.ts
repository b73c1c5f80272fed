/** What the phone makes by itself is, byte for byte, what the Python client makes. */

import { describe, expect, test } from 'vitest';

import { canonical, NotCanonical, type Row } from '../src/sync/canonical';
import { digest, enrolProof, freeze, type Deed, headOf, refreshProof } from '../src/sync/facts';
import { onTheWire, unbroken } from '../src/sync/push';
import { numberOf, receiptCode, receiptQr } from '../src/sync/receipts';
import { waitSeconds } from '../src/sync/waits';
import { chain, qrs, runs, values, vectors, waits } from './fixtures';
import { vectorSigner } from './keys';

test.each(values)('the canonical bytes of $canonical', async (one) => {
  expect(canonical(one.value)).toBe(one.canonical);
  expect(await digest(one.canonical)).toBe(one.sha256);
});

test.each([0.5, 2 ** 53, Number.NaN, '\ud800'])('%s has no canonical bytes', (value) => {
  expect(() => canonical({ value })).toThrow(NotCanonical);
});

function deedOf(body: string): { deed: Deed; place: { seq: number; prev: string; id: string } } {
  const { id, seq, prev, ...deed } = JSON.parse(body) as Row;
  return { deed: deed as unknown as Deed, place: { id, seq, prev } as { seq: number; prev: string; id: string } };
}

describe('the protocol’s vectors', () => {
  test('a mutation is frozen, hashed and signed', async () => {
    const { deed, place } = deedOf(JSON.stringify(vectors.mutation.said));
    const frozen = await freeze(deed, place);

    expect(frozen.body).toBe(vectors.mutation.canonical);
    expect(frozen.hash).toBe(vectors.mutation.hash);
    expect(await headOf(await vectorSigner(), [frozen])).toMatchObject({ signature: vectors.mutation.signature });
  });

  test('proofs and the receipt’s code', async () => {
    const sign = await vectorSigner();
    const { code, device_id, public_key, staff_no } = vectors.enrol.said;

    expect(await enrolProof(sign, { code, device_id, public_key, staff_no })).toBe(vectors.enrol.proof);
    expect(await refreshProof(sign, vectors.device_id, vectors.refresh.refresh_token)).toBe(vectors.refresh.proof);
    expect(await receiptCode(vectors.receipt.secret, vectors.receipt)).toBe(vectors.receipt.code);
  });
});

test('a chain is the Python client’s, and only its first names what came before on the wire', async () => {
  for (const frozen of chain.frozen) {
    const { deed, place } = deedOf(frozen.body);
    expect(await freeze(deed, place)).toEqual(frozen);
  }
  expect(onTheWire(chain.frozen)).toEqual(chain.wire);
  expect(await headOf(await vectorSigner(), chain.frozen)).toEqual(chain.head);
});

test.each(qrs)('the QR of $printed.receipt_no', async ({ printed, text }) => {
  expect(await receiptQr(await vectorSigner(), vectors.device_id, printed)).toBe(text);
});

test.each(runs)('of $numbers one request takes $run', ({ numbers, bytes_each, count_max, bytes_max, run }) => {
  const waiting = numbers.map((seq) => ({ ...chain.frozen[0]!, seq, body: 'x'.repeat(bytes_each) }));

  expect(unbroken(waiting, count_max, bytes_max).map(({ seq }) => seq)).toEqual(run);
});

test.each(waits)('after $failures failures it waits $seconds s', ({ failures, chance, told, seconds }) => {
  expect(waitSeconds(failures, chance, told)).toBeCloseTo(seconds);
});

test('a block ends with its last number', () => {
  const block = { prefix: 'A0', first_serial: 1, last_serial: 2, certificate: '' };

  expect([0, 1, 2].map((used) => numberOf(block, used))).toEqual(['A0-000001', 'A0-000002', null]);
});
