/** Cash: the amount, what it pays, and one button that saves before it shows a receipt. */

import { signal, useSignal } from '@preact/signals';

import { allocate } from '../allocation';
import { collect, receiptsLeft, round } from '../app';
import { paisaTyped, roundedUp, rupees } from '../money';
import { replace } from '../navigation';
import { BlockUsedUp } from '../sync/phone';
import { language, say } from '../words';
import { Header, Money, Num } from './parts';
import { type Shown, showing } from './Receipt';

export const saving = signal(false);

export function Collect({ id }: { id: string }) {
  const typed = useSignal('');
  const trouble = useSignal<string | null>(null);
  const door = round.value.find(({ stop_id }) => stop_id === id);
  if (door === undefined) return <Header title={say('app_collect')} back />;
  const amount = paisaTyped(typed.value);
  const pays = allocate(door.open_bills, amount, door.taken_paisa);
  const all = roundedUp(door.due_paisa);

  async function take() {
    if (door === undefined || saving.value || amount === 0) return;
    saving.value = true;
    trouble.value = null;
    try {
      // Nothing is shown before the transaction has completed.
      const receipt = await collect(door, amount);
      showing.value = { ...receipt, name: door.name, name_ur: door.name_ur, phone: door.phone } satisfies Shown;
      replace('receipt', receipt.receipt_no);
    } catch (reason) {
      trouble.value = reason instanceof BlockUsedUp ? say('app_no_receipts') : say('app_not_saved', String(reason));
    }
    saving.value = false;
  }

  return (
    <>
      <Header title={say('app_collect')} back />
      <main class="with-bar">
        <section class="card due">
          <bdi>{language.value === 'ur' ? door.name_ur : door.name}</bdi>
          <small><Num>{door.account_no}</Num></small>
        </section>
        <label class="amount">
          <span>{say('app_amount')}</span>
          <input dir="ltr" inputmode="numeric" autocomplete="off" value={typed.value} placeholder="0"
            onInput={(event) => { typed.value = event.currentTarget.value; }} />
        </label>
        {all > 0 && (
          <button class="second" type="button" onClick={() => { typed.value = rupees(all); }}>
            {say('app_all_due')} <Money paisa={all} />
          </button>
        )}
        {amount > 0 && (
          <section class="card">
            <h2>{say('app_goes_to')}</h2>
            <ul class="bills">
              {pays.bills.map(({ invoice_no, paisa }) => (
                <li><Num>{door.due_dates.get(invoice_no)?.bill_month ?? invoice_no}</Num><Money paisa={paisa} /></li>
              ))}
              {pays.advance_paisa > 0 && <li><span>{say('app_advance')}</span><Money paisa={pays.advance_paisa} /></li>}
              <li class="rest"><span>{say('app_stays_due')}</span><Money paisa={pays.stays_due_paisa} /></li>
            </ul>
          </section>
        )}
        {trouble.value && <p class="trouble" role="alert">{trouble.value}</p>}
      </main>
      <div class="act">
        <button class="primary" type="button" disabled={amount === 0 || saving.value || receiptsLeft.value === 0} onClick={take}>
          {saving.value ? say('app_saving') : amount === 0 ? say('app_take_nothing') : say('app_take', rupees(amount))}
        </button>
      </div>
    </>
  );
}
