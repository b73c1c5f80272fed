/** The composition root: the engine with a real network, disk, clock and key, and what the screens look at. */

import { computed, signal } from '@preact/signals';
import { liveQuery } from 'dexie';

import { newId } from './ids';
import { keepPin } from './pin';
import { cashInHand, type Door, doors, type Held, isLeft, recorded } from './round';
import { PhoneStore } from './store';
import { toBase64url } from './sync/bytes';
import type { Row } from './sync/canonical';
import { type Deed, type Sign, signer } from './sync/facts';
import { HttpServer } from './sync/http';
import { type Enrolment, Phone, type Receipts } from './sync/phone';
import type { Printed } from './sync/receipts';
import { AT_FIRST, type Heard, type State } from './sync/step';

const LOCK = 'fieldledger-sync';
const FEW_RECEIPTS = 0.3;
const NOTHING: Held = { stops: [], consumers: [], positions: [], bills: [], collections: [], verdicts: [], outbox: [] };

export const store = new PhoneStore();

export const engine = signal<State>(AT_FIRST);
export const held = signal<Held>(NOTHING);
export const enrolment = signal<Enrolment | null>(null);
export const receipts = signal<Receipts | null>(null);
export const heard = signal<Heard | null>(null);
export const unlocked = signal(false);
export const online = signal(navigator.onLine);
export const protectedStorage = signal(false);

export const round = computed(() => doors(held.value));
export const left = computed(() => round.value.filter(isLeft).length);
export const inHand = computed(() => cashInHand(held.value));
export const unsent = computed(() => held.value.outbox.filter((item) => item.waiting === 1).length);
export const outbox = computed(() => recorded(held.value, engine.value.doing === 'exchanging'));
export const receiptsLeft = computed(() => {
  const kept = receipts.value;
  if (kept === null) return 0;
  const here = kept.block.last_serial - kept.block.first_serial + 1 - kept.used;
  return here + (kept.next ? kept.next.last_serial - kept.next.first_serial + 1 : 0);
});

let position: GeolocationPosition | null = null;
let alarm = 0;

const sign: Sign = async (message) => signer((await keyPair()).privateKey)(message);

export const phone = new Phone({
  server: new HttpServer(),
  store,
  sign,
  now: () => new Date(),
  newId,
  chance: Math.random,
  alarm: (seconds, ring) => {
    clearTimeout(alarm);
    alarm = window.setTimeout(ring, seconds * 1000);
  },
  changed: (state) => {
    engine.value = state;
  },
  alone: (work) => navigator.locks.request(LOCK, work),
});

/** Look at the disk, and keep looking: what another page of the app saves is seen here too. */
export async function begin(): Promise<void> {
  await new Promise<void>((ready, failed) => {
    liveQuery(look).subscribe((seen) => {
      held.value = seen.held;
      enrolment.value = seen.enrolment;
      receipts.value = seen.receipts;
      heard.value = seen.heard;
      ready();
    }, failed);
  });
  window.addEventListener('online', () => { online.value = true; exchange('online'); });
  window.addEventListener('offline', () => { online.value = false; });
  document.addEventListener('visibilitychange', () => { if (!document.hidden) exchange(); });
  exchange();
}

async function look() {
  const [stops, consumers, positions, bills, collections, verdicts] = await Promise.all(
    ['stop', 'consumer', 'position', 'bill', 'collection', 'verdict'].map((entity) => store.all(entity)),
  );
  return {
    held: { stops: stops!, consumers: consumers!, positions: positions!, bills: bills!, collections: collections!, verdicts: verdicts!, outbox: await store.outbox.toArray() },
    enrolment: (await store.kept<Enrolment>('enrolment')) ?? null,
    receipts: (await store.kept<Receipts>('receipts')) ?? null,
    heard: (await store.kept<Heard>('heard')) ?? null,
  };
}

/** Exchange in the background; losses are the engine's business. */
export function exchange(why: 'wake' | 'online' = 'wake'): void {
  if (enrolment.value !== null) void phone.wake(why).then(fetchReceipts);
}

async function fetchReceipts(): Promise<void> {
  const kept = receipts.value;
  if (kept === null || kept.next !== null || engine.value.problem || engine.value.failures > 0) return;
  const all = kept.block.last_serial - kept.block.first_serial + 1;
  if (receiptsLeft.value > all * FEW_RECEIPTS) return;
  // Lost or refused: asked again after the next exchange; the screen shows how many are left.
  await phone.fetchReceipts().catch(() => undefined);
}

export async function enrol(code: string, staffNo: string, pin: string): Promise<void> {
  const pair = await keyPair();
  const publicKey = toBase64url(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)));
  await phone.enrol(code, staffNo, pin, publicKey);
  await keepPin(store, pin);
  enrolment.value = (await store.kept<Enrolment>('enrolment'))!;
  unlock();
  exchange();
}

export function unlock(): void {
  unlocked.value = true;
  void navigator.storage?.persist?.().then((granted) => { protectedStorage.value = granted; });
  navigator.geolocation?.watchPosition((seen) => { position = seen; }, () => undefined, { maximumAge: 60_000 });
}

/** A knock at the door, with the stop's own step where it still has one to make. */
export async function visit(door: Door, outcome: string, more: Row): Promise<void> {
  const occurred_at = new Date().toISOString();
  await phone.record([visitDeed(door, outcome, occurred_at, more), ...stopDeeds(door, outcome, occurred_at)]);
  exchange();
}

/** Cash with its receipt, the visit and the stop: all of it or nothing. Errors: BlockUsedUp, what the disk says. */
export async function collect(door: Door, amountPaisa: number): Promise<Printed & { code: string }> {
  const occurred_at = new Date().toISOString();
  const outcome = amountPaisa >= door.due_paisa ? 'paid' : 'part_paid';
  const { account_no, stop_id } = door;
  const fields = { account_no, stop_id, tender: 'cash', amount_paisa: amountPaisa, payer_name: door.name, evidence: evidence() };
  const money: Deed = { entity: 'collection', op: 'put', record_id: newId(), base_version: null, occurred_at, fields };
  const also = [visitDeed(door, outcome, occurred_at, {}), ...stopDeeds(door, outcome, occurred_at)];
  const receipt = await phone.collect(money, also);
  exchange();
  return receipt;
}

function visitDeed({ account_no, stop_id }: Door, outcome: string, occurred_at: string, more: Row): Deed {
  const fields = { account_no, stop_id, outcome, ...more, evidence: evidence() };
  return { entity: 'visit', op: 'put', record_id: newId(), base_version: null, occurred_at, fields };
}

function stopDeeds(door: Door, outcome: string, occurred_at: string): Deed[] {
  if (!isLeft(door)) return [];
  const fields = { state: 'visited', outcome };
  return [{ entity: 'stop', op: 'put', record_id: door.stop_id, base_version: door.version, occurred_at, fields }];
}

/** Where and in what state the phone is; never a reason to wait. */
function evidence(): Row {
  const said: Row = { offline: !online.value };
  if (heard.value) said['clock_offset_ms'] = heard.value.clock_offset_ms;
  if (position) {
    said['lat_e6'] = Math.round(position.coords.latitude * 1e6);
    said['lon_e6'] = Math.round(position.coords.longitude * 1e6);
    said['accuracy_m'] = Math.round(position.coords.accuracy);
    said['fix_age_s'] = Math.max(0, Math.round((Date.now() - position.timestamp) / 1000));
  }
  return said;
}

/** This phone's key, made at its first use; the browser signs with it and never gives it away. */
async function keyPair(): Promise<CryptoKeyPair> {
  const kept = await store.kept<CryptoKeyPair>('key');
  if (kept !== undefined) return kept;
  const made = (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair;
  await store.keep('key', made);
  return made;
}

export { sign };
