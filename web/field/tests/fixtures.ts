/** The files that the Python client makes (tests/sync_fixtures.py). */

import { readFileSync } from 'node:fs';

import type { Json, Row } from '../src/sync/canonical';
import type { Frozen, Head } from '../src/sync/facts';
import type { Answer } from '../src/sync/pull';
import type { Printed } from '../src/sync/receipts';

function read<T>(name: string): T {
  const path = new URL(`../../../tests/fixtures/sync/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

interface Vectors {
  private_key: string;
  public_key: string;
  device_id: string;
  mutation: { said: Row; canonical: string; hash: string; signature: string };
  enrol: { said: Row & { code: string; device_id: string; public_key: string; staff_no: string }; proof: string };
  refresh: { refresh_token: string; proof: string };
  receipt: Printed & { secret: string; code: string };
}

export const vectors = read<Vectors>('vectors');
export const values = read<{ value: Json; canonical: string; sha256: string }[]>('canonical');
export const chain = read<{ frozen: Frozen[]; head: Head; wire: Row[] }>('chain');
export const qrs = read<{ printed: Printed; text: string }[]>('receipt_qr');
export const runs = read<{ numbers: number[]; bytes_each: number; count_max: number; bytes_max: number; run: number[] }[]>('unbroken');
export const waits = read<{ failures: number; chance: number; told: number; seconds: number }[]>('waits');

export interface TakeIn {
  name: string;
  sent: number;
  before: { epoch: string; cursor: string; records: [string, Row][] };
  answer: Answer;
  after: { epoch: string; cursor: string; witness: Row | null; waiting: number[]; outcomes: Record<string, string>; records: [string, Row][] };
}

export const takeIns = read<TakeIn[]>('take_in');
