/** The address behind the office's QR fills in the first screen. */

import { expect, test } from 'vitest';

import { scannedFrom } from '../src/scanned';

test('staff number and code are read from the address', () => {
  expect(scannedFrom('#enrol/O1001/7KQ2M9PA')).toEqual({ staffNo: 'O1001', code: '7KQ2M9PA' });
});

test.each(['', '#round', '#consumer/O1001', '#enrol'])('%s fills in nothing', (hash) => {
  expect(scannedFrom(hash)).toEqual({ staffNo: '', code: '' });
});
