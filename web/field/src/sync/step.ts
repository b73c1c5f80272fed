/**
 * The sync engine: what to do next, decided from what happened. No I/O, clock or chance inside.
 *
 * One exchange at a time. Whatever happens, the outbox stays on the phone until an answer with its
 * outcomes has been saved, so that every effect may be lost and done again.
 */

import type { Row } from './canonical';
import type { Frozen } from './facts';
import { type Answer, type Known, takeIn, type Write } from './pull';
import { MUTATIONS_MAX } from './push';
import { waitSeconds } from './waits';

const UNAUTHORIZED = 401;
const TOO_LARGE = 413;

/** RFC 9457, with what the phone is to do about it. */
export interface Problem {
  type: string;
  status: number;
  do: 'retry' | 'sign-in' | 'update-app' | 'ask-office';
}

export interface State {
  doing: 'resting' | 'exchanging' | 'saving' | 'refreshing' | 'readmitting' | 'wiping';
  /** Somebody asked for an exchange while one was going on. */
  again: boolean;
  failures: number;
  countMax: number;
  /** Whether the token was refreshed since the last answer: a second 401 is no reason for another. */
  refreshed: boolean;
  more: boolean;
  retryAfterSeconds: number;
  orders: readonly string[];
  /** Why the server will not talk to this phone; trying again does not help. */
  problem: Problem | null;
}

/** When the server last spoke, by this phone's clock, and how far that clock is off. */
export interface Heard extends Row {
  at: string;
  clock_offset_ms: number;
}

export type Event =
  | { event: 'wake' }
  /** The network came back: what failed without it says nothing about the server. */
  | { event: 'online' }
  | { event: 'answered'; run: readonly Frozen[]; answer: Answer; known: Known; heard: Heard }
  | { event: 'saved'; waiting: number }
  | { event: 'signed-in' }
  | { event: 'wiped' }
  | { event: 'lost'; chance: number; toldSeconds: number }
  | { event: 'refused'; problem: Problem; sent: number };

export type Effect =
  | { effect: 'exchange'; countMax: number }
  | { effect: 'save'; writes: readonly Write[] }
  | { effect: 'refresh' }
  | { effect: 'readmit' }
  | { effect: 'wipe' }
  | { effect: 'sleep'; seconds: number };

export const AT_FIRST: State = {
  doing: 'resting',
  again: false,
  failures: 0,
  countMax: MUTATIONS_MAX,
  refreshed: false,
  more: false,
  retryAfterSeconds: 0,
  orders: [],
  problem: null,
};

type Step = [State, Effect[]];

export function step(state: State, event: Event): Step {
  switch (event.event) {
    case 'wake':
      return state.doing === 'resting' ? exchange(state) : [{ ...state, again: true }, []];
    case 'online':
      return step({ ...state, failures: 0 }, { event: 'wake' });
    case 'answered': {
      const { more, retry_after_s: retryAfterSeconds, orders } = event.answer;
      const heard = { more, retryAfterSeconds, orders, problem: null, refreshed: false, failures: 0 };
      const writes = takeIn(event.run, event.answer, event.known);
      const kept: Write = { write: 'keep', name: 'heard', value: event.heard };
      return [{ ...state, ...heard, doing: 'saving' }, [{ effect: 'save', writes: [...writes, kept] }]];
    }
    case 'saved':
      return afterSaving(state, event.waiting);
    case 'signed-in':
      return exchange({ ...state, refreshed: true });
    case 'wiped':
      return [AT_FIRST, []];
    case 'lost':
      return lost(state, event.chance, event.toldSeconds);
    case 'refused':
      return refused(state, event.problem, event.sent);
  }
}

function exchange(state: State): Step {
  const begun = { ...state, doing: 'exchanging' as const, again: false };
  return [begun, [{ effect: 'exchange', countMax: state.countMax }]];
}

function afterSaving(state: State, waiting: number): Step {
  if (state.more || waiting > 0 || state.again) return exchange(state);
  // A phone that was revoked keeps nothing, once everything that it recorded has arrived.
  if (state.orders.includes('wipe')) return [{ ...state, doing: 'wiping' }, [{ effect: 'wipe' }]];
  return rest(state, state.retryAfterSeconds);
}

function lost(state: State, chance: number, toldSeconds: number): Step {
  const failures = state.failures + 1;
  return rest({ ...state, failures }, waitSeconds(failures, chance, toldSeconds));
}

function refused(state: State, problem: Problem, sent: number): Step {
  if (state.doing === 'exchanging' && problem.status === TOO_LARGE && sent > 1) {
    return exchange({ ...state, countMax: Math.floor(sent / 2) });
  }
  if (state.doing === 'exchanging' && problem.status === UNAUTHORIZED && !state.refreshed) {
    return [{ ...state, doing: 'refreshing' }, [{ effect: 'refresh' }]];
  }
  // A restored database may have forgotten this phone or its tokens (protocol, step 6).
  if (state.doing === 'refreshing' && problem.status === UNAUTHORIZED) {
    return [{ ...state, doing: 'readmitting' }, [{ effect: 'readmit' }]];
  }
  return [{ ...state, doing: 'resting', again: false, refreshed: false, problem }, []];
}

function rest(state: State, seconds: number): Step {
  if (state.again && state.failures === 0) return exchange(state);
  return [{ ...state, doing: 'resting', again: false }, [{ effect: 'sleep', seconds }]];
}
