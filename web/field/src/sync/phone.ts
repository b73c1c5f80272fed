/** A phone that runs the engine: makes its effects happen, and tells it what came of them. */

import type { Json, Row } from './canonical';
import {
  type Deed, enrolProof, type Frozen, freeze, headOf, readmitProof, refreshProof, type Sign,
} from './facts';
import type { Answer, Known, Write } from './pull';
import { type Place, question, unbroken } from './push';
import { numberOf, type Printed, type ReceiptBlock, receiptCode } from './receipts';
import { AT_FIRST, type Effect, type Event, type Problem, type State, step } from './step';

/** No answer came, or none that decides anything: send the same again after a while. */
export class Lost extends Error {
  constructor(what: string, readonly toldSeconds = 0) {
    super(what);
  }
}

/** The server understood and declined. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.type);
  }
}

export class BlockUsedUp extends Error {}

/** What an enrolment keeps; names are those of the server's answer. */
export interface Enrolment extends Row {
  device_id: string;
  ibc: string;
  staff: { id: string; staff_no: string; name: string; name_ur: string | null };
  receipt_secret: string;
  certificate: string;
  access_token: string;
  refresh_token: string;
}

export interface Server {
  /** Errors: Lost, Refused. */
  post(path: string, value: Row, token?: string): Promise<unknown>;
}

/** A phone's own database; what `save` and `append` hold is saved whole or not at all. */
export interface Store {
  kept<T>(name: string): Promise<T | undefined>;
  save(writes: readonly Write[]): Promise<void>;
  /** Add to the chain, with `also` in one transaction; false when the chain's end is another by now. */
  append(mutations: readonly Frozen[], after: ChainEnd, also: readonly Write[]): Promise<boolean>;
  waiting(): Promise<Frozen[]>;
  pending(): Promise<number>;
  rows(keys: readonly { entity: string; id: string }[]): Promise<(Row | null)[]>;
  forgetEverything(): Promise<void>;
}

/** The block to print from, how many of its numbers are used, and the block after it. */
export interface Receipts {
  block: ReceiptBlock;
  used: number;
  next: ReceiptBlock | null;
}

/** The number and the hash of the last mutation that was ever saved here. */
export interface ChainEnd {
  seq: number;
  hash: string;
}

export interface Ports {
  server: Server;
  store: Store;
  sign: Sign;
  now: () => Date;
  newId: () => string;
  chance: () => number;
  /** Ring once after so many seconds; a new alarm replaces the one before. */
  alarm: (seconds: number, ring: () => void) => void;
  changed: (state: State) => void;
  /** Do it while no other page of this app does. */
  alone: (work: () => Promise<void>) => Promise<void>;
}

export const APP = 'field-1';
const AUTHORIZED = '/api/v1/sync';

export class Phone {
  state: State = AT_FIRST;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly ports: Ports) {}

  /** Exchange until nothing is left to send or to read; resolves when the engine rests. */
  wake(event: 'wake' | 'online' = 'wake'): Promise<void> {
    // While it is busy the engine only remembers that it was asked.
    if (this.state.doing !== 'resting') [this.state] = step(this.state, { event });
    else this.running = this.running.then(() => this.ports.alone(() => this.happened({ event })));
    return this.running;
  }

  /** Ask for the block after this one, when little is left of it. Errors: Lost, Refused. */
  async fetchReceipts(): Promise<void> {
    const { server, store } = this.ports;
    const said = (await server.post('/api/v1/devices/receipt-blocks', {}, await this.token())) as Row;
    const block = said['receipt_block'] as unknown as ReceiptBlock;
    const kept = (await store.kept<Receipts>('receipts'))!;
    const certificates = new Set(await store.kept<string[]>('blocks'));
    const writes: Write[] = [{ write: 'keep', name: 'blocks', value: [...certificates.add(block.certificate)] }];
    const fresh = block.prefix !== kept.block.prefix;
    if (fresh) writes.push({ write: 'keep', name: 'receipts', value: { ...kept, next: block } as unknown as Json });
    await store.save(writes);
  }

  /** Become an officer's device; after a lost answer call it again. Errors: Lost, Refused. */
  async enrol(code: string, staffNo: string, pin: string, publicKey: string): Promise<void> {
    const { server, store, sign, newId } = this.ports;
    // Kept before it is sent: whoever asks again must ask as the same phone.
    const askedId = (await store.kept<string>('asked_id')) ?? newId();
    await store.save([{ write: 'keep', name: 'asked_id', value: askedId }]);
    const named = { code, device_id: askedId, public_key: publicKey, staff_no: staffNo };
    const proof = await enrolProof(sign, named);
    const said = (await server.post('/api/v1/devices/enrol', { ...named, pin, proof })) as Row;
    const block = said['receipt_block'] as unknown as ReceiptBlock;
    await store.save([
      { write: 'keep', name: 'enrolment', value: said },
      { write: 'keep', name: 'epoch', value: said['epoch']! },
      { write: 'keep', name: 'receipts', value: { block: { ...block }, used: 0, next: null } },
      { write: 'keep', name: 'blocks', value: [block.certificate] },
    ]);
  }

  /** Save mutations at the end of this phone's chain; from here they are never changed. */
  async record(deeds: readonly Deed[]): Promise<void> {
    await this.chain(async () => ({ deeds, also: [] }));
  }

  /**
   * Take money: the next receipt number, its code and the fact, saved together with `also` deeds.
   *
   * Resolves only when the transaction has completed: nothing may be shown before. Errors: BlockUsedUp.
   */
  async collect(deed: Deed, also: readonly Deed[] = []): Promise<Printed & { code: string }> {
    const { receipt_secret: secret } = (await this.ports.store.kept<Enrolment>('enrolment'))!;
    const { account_no = null, amount_paisa } = deed.fields as { account_no?: string; amount_paisa: number };
    const { occurred_at } = deed;
    let receipt: (Printed & { code: string }) | null = null;
    await this.chain(async () => {
      const { receipt_no, write } = await this.nextNumber();
      const printed = { receipt_no, account_no, amount_paisa, occurred_at };
      const code = await receiptCode(secret, printed);
      receipt = { ...printed, code };
      const fields = { ...deed.fields, receipt_no, verify_code: code };
      return { deeds: [{ ...deed, fields }, ...also], also: [write] };
    });
    return receipt!;
  }

  /** Append what `make` says; it is asked again when another page of this app was faster. */
  private async chain(make: () => Promise<{ deeds: readonly Deed[]; also: readonly Write[] }>): Promise<void> {
    const { store, newId } = this.ports;
    for (;;) {
      const after = (await store.kept<ChainEnd>('chain_end')) ?? { seq: 0, hash: '' };
      const { deeds, also } = await make();
      const frozen: Frozen[] = [];
      for (const deed of deeds) {
        const last = frozen.at(-1) ?? after;
        frozen.push(await freeze(deed, { seq: last.seq + 1, prev: last.hash, id: newId() }));
      }
      if (await store.append(frozen, after, also)) return;
    }
  }

  private async nextNumber(): Promise<{ receipt_no: string; write: Write }> {
    const { block, used, next } = (await this.ports.store.kept<Receipts>('receipts'))!;
    const here = numberOf(block, used);
    const receipt_no = here ?? (next && numberOf(next, 0));
    if (receipt_no === null) throw new BlockUsedUp(block.prefix);
    const value = here === null ? { block: next, used: 1, next: null } : { block, used: used + 1, next };
    return { receipt_no, write: { write: 'keep', name: 'receipts', value: value as unknown as Json } };
  }

  /** Let the engine decide, and do what it says until it says nothing more. */
  private async happened(event: Event): Promise<void> {
    const events: Event[] = [event];
    while (events.length > 0) {
      const [state, effects] = step(this.state, events.shift()!);
      this.state = state;
      this.ports.changed(state);
      for (const effect of effects) {
        const next = await this.perform(effect);
        if (next !== null) events.push(next);
      }
    }
  }

  private async perform(effect: Effect): Promise<Event | null> {
    if (effect.effect === 'sleep') {
      this.ports.alarm(effect.seconds, () => void this.wake());
      return null;
    }
    const sent = { count: 0 };
    try {
      switch (effect.effect) {
        case 'exchange': return await this.exchange(effect.countMax, sent);
        case 'save': return await this.save(effect.writes);
        case 'refresh': return await this.refresh();
        case 'readmit': return await this.readmit();
        case 'wipe': return await this.wipe();
      }
    } catch (reason) {
      if (reason instanceof Refused) return { event: 'refused', problem: reason.problem, sent: sent.count };
      // A full or closed store is like a lost answer: the server will say the same again.
      const toldSeconds = reason instanceof Lost ? reason.toldSeconds : 0;
      return { event: 'lost', chance: this.ports.chance(), toldSeconds };
    }
  }

  /** One round trip: send the next run of the outbox, bring outcomes and a page. */
  private async exchange(countMax: number, sent: { count: number }): Promise<Event> {
    const { server, store, sign, now } = this.ports;
    const run = unbroken(await store.waiting(), countMax);
    sent.count = run.length;
    const place: Place = {
      epoch: (await store.kept<string>('epoch')) ?? null,
      cursor: (await store.kept<string>('cursor')) ?? null,
    };
    const pending = (await store.pending()) - run.length;
    const head = await headOf(sign, run);
    const asked = question(run, { ...place, head, clock: now().toISOString(), app: APP, pending });
    const answer = (await server.post(AUTHORIZED, asked, await this.token())) as Answer;
    const at = now();
    const heard = { at: at.toISOString(), clock_offset_ms: Date.parse(answer.server_time) - at.getTime() };
    return { event: 'answered', run, answer, known: await this.known(run, place.epoch), heard };
  }

  private async known(run: readonly Frozen[], epoch: string | null): Promise<Known> {
    const keys = run.map(({ entity, record_id }) => ({ entity, id: record_id }));
    const found = await this.ports.store.rows(keys);
    const rows = new Map(keys.map(({ entity, id }, place) => [`${entity}/${id}`, found[place]!]));
    return { epoch, row: (entity, id) => rows.get(`${entity}/${id}`) ?? null };
  }

  private async save(writes: readonly Write[]): Promise<Event> {
    await this.ports.store.save(writes);
    return { event: 'saved', waiting: (await this.ports.store.waiting()).length };
  }

  private async refresh(): Promise<Event> {
    const { server, store, sign } = this.ports;
    const enrolment = (await store.kept<Enrolment>('enrolment'))!;
    const token = enrolment.refresh_token;
    const proof = await refreshProof(sign, enrolment.device_id, token);
    const said = (await server.post('/api/v1/auth/refresh', { refresh_token: token, proof })) as Row;
    return this.signedIn(enrolment, said, ['access_token', 'refresh_token']);
  }

  private async readmit(): Promise<Event> {
    const { server, store, sign } = this.ports;
    const enrolment = (await store.kept<Enrolment>('enrolment'))!;
    const { certificate, refresh_token, receipt_secret } = enrolment;
    const shown = { certificate, refresh_token, epoch: (await store.kept<string>('epoch'))! };
    const proof = await readmitProof(sign, shown);
    const receipt_blocks = (await store.kept<string[]>('blocks'))!;
    const more = { receipt_secret, receipt_blocks, proof };
    const said = (await server.post('/api/v1/devices/readmit', { ...shown, ...more })) as Row;
    // The epoch stays: the next exchange meets the new one, and offers everything again.
    return this.signedIn(enrolment, said, ['access_token', 'refresh_token', 'certificate', 'outbox_key']);
  }

  private async signedIn(enrolment: Enrolment, said: Row, names: string[]): Promise<Event> {
    const fresh = Object.fromEntries(names.map((name) => [name, said[name]!]));
    const value = { ...enrolment, ...fresh };
    await this.ports.store.save([{ write: 'keep', name: 'enrolment', value }]);
    return { event: 'signed-in' };
  }

  private async wipe(): Promise<Event> {
    const { server, store } = this.ports;
    const { seq } = (await store.kept<ChainEnd>('chain_end')) ?? { seq: 0 };
    await server.post('/api/v1/devices/wiped', { through_seq: seq }, await this.token());
    await store.forgetEverything();
    return { event: 'wiped' };
  }

  private async token(): Promise<string> {
    return (await this.ports.store.kept<Enrolment>('enrolment'))!.access_token;
  }
}
