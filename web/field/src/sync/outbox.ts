/** What the officer is told about each thing that he recorded. Pure. */

import type { Row } from './canonical';
import type { Outcome } from './pull';

export type ItemState = 'saved' | 'sending' | 'accepted' | 'held' | 'needs_you';

const OF_OUTCOME: Record<Outcome['outcome'], ItemState> = {
  applied: 'accepted',
  merged: 'accepted',
  held: 'held',
  waiting: 'held',
  conflict: 'held',
  rejected: 'needs_you',
};

const OF_VERDICT: Record<string, ItemState> = {
  released: 'accepted',
  resolved: 'accepted',
  rejected: 'needs_you',
};

/** The later fate wins over the outcome: it is a person's word, or the arrival of what was awaited. */
export function itemState(outcome: Outcome | null, verdict: Row | null, sending: boolean): ItemState {
  if (verdict !== null) return OF_VERDICT[String(verdict['verdict'])] ?? 'held';
  if (outcome !== null) return OF_OUTCOME[outcome.outcome];
  return sending ? 'sending' : 'saved';
}
