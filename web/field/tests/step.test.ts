/** What the engine decides, case by case. */

import { describe, expect, test } from 'vitest';

import { itemState } from '../src/sync/outbox';
import type { Answer } from '../src/sync/pull';
import { AT_FIRST, type Event, type Problem, type State, step } from '../src/sync/step';

const EMPTY: Answer = {
  epoch: 'e', server_time: '', outcomes: [], missing: [], changes: {}, cursor: 'c', more: false, retry_after_s: 60, orders: [],
};
const known = { epoch: 'e', row: () => null };
const answered = (told: Partial<Answer> = {}): Event => ({ event: 'answered', run: [], answer: { ...EMPTY, ...told }, known, heard: { at: '', clock_offset_ms: 0 } });
const refused = (status: number, what: Problem['do'] = 'ask-office', sent = 0): Event => ({
  event: 'refused', problem: { type: '/problems/x', status, do: what }, sent,
});
const lost: Event = { event: 'lost', chance: 1, toldSeconds: 0 };
const saved = (waiting = 0): Event => ({ event: 'saved', waiting });

/** The effects of the last of these events. */
function after(...events: Event[]): { state: State; said: unknown[] } {
  let state = AT_FIRST;
  let said: unknown[] = [];
  for (const event of events) {
    const [next, effects] = step(state, event);
    state = next;
    said = effects.map((one) => (one.effect === 'sleep' ? `sleep ${one.seconds}` : one.effect));
  }
  return { state, said };
}
const wake: Event = { event: 'wake' };

test.each<[string, Event[], unknown[]]>([
  ['woken, it exchanges', [wake], ['exchange']],
  ['woken while it exchanges, it does not ask twice at once', [wake, wake], []],
  ['an answer is saved before anything else', [wake, answered()], ['save']],
  ['with nothing left it sleeps as long as it was told', [wake, answered(), saved()], ['sleep 60']],
  ['more to read is read at once', [wake, answered({ more: true }), saved()], ['exchange']],
  ['more to send is sent at once', [wake, answered(), saved(3)], ['exchange']],
  ['what was recorded meanwhile is sent at once', [wake, wake, answered(), saved()], ['exchange']],
  ['a lost answer is waited for', [wake, lost], ['sleep 1']],
  ['each loss doubles the pause', [wake, lost, wake, lost, wake, lost], ['sleep 4']],
  ['an answer ends the series of losses', [wake, lost, wake, lost, wake, answered(), saved(), wake, lost], ['sleep 1']],
  ['the network that comes back begins a new series of losses', [wake, lost, wake, lost, wake, lost, { event: 'online' }, lost], ['sleep 1']],
  ['being woken during a lost exchange does not hammer the server', [wake, wake, lost], ['sleep 1']],
  ['a store that cannot save is waited for', [wake, answered(), lost], ['sleep 1']],
  ['a dead token is refreshed', [wake, refused(401, 'sign-in')], ['refresh']],
  ['then the same is asked again', [wake, refused(401, 'sign-in'), { event: 'signed-in' }], ['exchange']],
  ['a refused refresh is shown its certificate', [wake, refused(401), refused(401)], ['readmit']],
  ['a phone that is not let in again stops', [wake, refused(401), refused(401), refused(403)], []],
  ['a fresh token that is refused ends the tries', [wake, refused(401), { event: 'signed-in' }, refused(401)], []],
  ['too large a request is halved', [wake, refused(413, 'retry', 200)], ['exchange']],
  ['one mutation cannot be halved', [wake, refused(413, 'retry', 1)], []],
  ['a revoked phone wipes when nothing is left', [wake, answered({ orders: ['wipe'] }), saved()], ['wipe']],
  ['a revoked phone hands in first', [wake, answered({ orders: ['wipe'] }), saved(1)], ['exchange']],
])('%s', (_, events, expected) => {
  expect(after(...events).said).toEqual(expected);
});

test('half as many are sent after 413', () => {
  expect(after(wake, refused(413, 'retry', 200)).state.countMax).toBe(100);
});

test('a refusal is told, until an answer comes', () => {
  const told = after(wake, refused(426, 'update-app'));
  const later = after(wake, refused(426, 'update-app'), wake, answered(), saved());

  expect(told.state.problem).toMatchObject({ do: 'update-app' });
  expect(later.state.problem).toBeNull();
});

describe('the state of an item', () => {
  const outcome = (word: string) => ({ id: 'x', outcome: word }) as never;

  test.each([
    [null, null, false, 'saved'],
    [null, null, true, 'sending'],
    ['applied', null, false, 'accepted'],
    ['merged', null, false, 'accepted'],
    ['held', null, false, 'held'],
    ['waiting', null, false, 'held'],
    ['conflict', null, false, 'held'],
    ['rejected', null, false, 'needs_you'],
    ['waiting', 'released', false, 'accepted'],
    ['conflict', 'resolved', false, 'accepted'],
    ['held', 'rejected', false, 'needs_you'],
  ])('outcome %s, verdict %s, sending %s: %s', (word, verdict, sending, expected) => {
    expect(itemState(word === null ? null : outcome(word), verdict === null ? null : { verdict }, sending)).toBe(expected);
  });
});
