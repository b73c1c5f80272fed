/** Canonical JSON (RFC 8785) of what the protocol allows: no fractions, whole numbers below 2^53. */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
/** A record as the wire has it, by field name. */
export type Row = { [name: string]: Json };

export class NotCanonical extends Error {}

export function canonical(value: Json): string {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new NotCanonical(`${value} is not a whole number below 2^53`);
    return String(value);
  }
  if (typeof value === 'string' && !isWellFormed(value)) {
    throw new NotCanonical('half of a character pair has no bytes in UTF-8');
  }
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  // JavaScript compares strings by UTF-16 code units, which is the order that RFC 8785 asks for.
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${canonical(name)}:${canonical(value[name]!)}`).join(',')}}`;
}

// String.isWellFormed is newer than the lowest browser.
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
