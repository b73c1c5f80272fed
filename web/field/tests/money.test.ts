/** Amounts as they are typed, and what they pay. */

import { expect, test } from 'vitest';

import { allocate } from '../src/allocation';
import { paisaTyped, roundedUp, rupees } from '../src/money';

test.each([
  ['1500', 150_000],
  ['1,500', 150_000],
  ['۱۵۰۰', 150_000],
  ['١٥٠٠', 150_000],
  ['۱۵00', 150_000],
  ['', 0],
  ['15.5', 0],
  ['-15', 0],
  ['9999999999', 0],
])('%s typed is %d paisa', (text, paisa) => {
  expect(paisaTyped(text)).toBe(paisa);
});

test('paisa are shown only where there are some', () => {
  expect([rupees(150_000), rupees(150_050), rupees(0)]).toEqual(['1,500', '1,500.50', '0']);
});

test('cash is whole rupees', () => {
  expect([roundedUp(150_001), roundedUp(150_000)]).toEqual([150_100, 150_000]);
});

const BILLS = [{ invoice_no: 'old', open_paisa: 1000 }, { invoice_no: 'new', open_paisa: 500 }];

test.each([
  [400, 0, [['old', 400, 600]], 0, 1100],
  [1200, 0, [['old', 1000, 0], ['new', 200, 300]], 0, 300],
  [2000, 0, [['old', 1000, 0], ['new', 500, 0]], 500, 0],
  [400, 1100, [['new', 400, 0]], 0, 0],
  [100, 2000, [], 100, 0],
])('%d after %d pays the oldest first', (amount, taken, bills, advance, due) => {
  const said = allocate(BILLS, amount, taken);

  expect(said.bills.map((one) => [one.invoice_no, one.paisa, one.rest_paisa])).toEqual(bills);
  expect([said.advance_paisa, said.stays_due_paisa]).toEqual([advance, due]);
});
