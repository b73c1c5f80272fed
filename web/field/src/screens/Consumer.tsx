/** One consumer: what is owed, and what came of the knock, in three taps. */

import { useSignal } from '@preact/signals';

import { receiptsLeft, round, visit } from '../app';
import { go, replace } from '../navigation';
import { clock, day, language, say, type Word } from '../words';
import { Header, Money, Num } from './parts';

const OUTCOMES = ['promise', 'not_home', 'locked', 'refused', 'already_paid_claim', 'dispute_claimed', 'vacant', 'unsafe_aborted'] as const;
const PROMISE_DAYS = [1, 3, 7];
const DAY_MS = 86_400_000;

export function Consumer({ id }: { id: string }) {
  const chosen = useSignal<(typeof OUTCOMES)[number] | null>(null);
  const days = useSignal(PROMISE_DAYS[0]!);
  const remark = useSignal('');
  const trouble = useSignal<string | null>(null);
  const busy = useSignal(false);
  const door = round.value.find(({ stop_id }) => stop_id === id);
  if (door === undefined) return <><Header title={say('app_round')} back /><main><p class="empty">{say('app_no_stops')}</p></main></>;

  async function save() {
    if (door === undefined || chosen.value === null) return;
    busy.value = true;
    const more: Record<string, string> = remark.value.trim() ? { remark: remark.value.trim() } : {};
    if (chosen.value === 'promise') more['promise_date'] = localDate(Date.now() + days.value * DAY_MS);
    try {
      await visit(door, chosen.value, more);
      replace('round');
    } catch (reason) {
      trouble.value = say('app_not_saved', String(reason));
    }
    busy.value = false;
  }

  return (
    <>
      <Header title={language.value === 'ur' ? door.name_ur : door.name} back />
      <main class="with-bar">
        <section class="card due">
          <span>{say('app_due')}</span>
          <b class="big"><Money paisa={door.due_paisa} /></b>
          {door.as_of && <small>{say('app_as_of', `${day(door.as_of)} ${clock(door.as_of)}`)}</small>}
        </section>
        <section class="card facts">
          <p><span>{say('app_account')}</span><Num>{door.account_no}</Num></p>
          <p><bdi>{door.address}</bdi></p>
          {door.uncleared_paisa > 0 && <p><span>{say('app_uncleared')}</span><Money paisa={door.uncleared_paisa} /></p>}
          {door.held_paisa > 0 && <p><span>{say('app_held_money')}</span><Money paisa={door.held_paisa} /></p>}
          {door.phone && <a class="call" href={`tel:${door.phone}`}>{say('app_call')} <Num>{door.phone}</Num></a>}
        </section>
        {door.open_bills.length > 0 && (
          <section class="card">
            <h2>{say('app_bills')}</h2>
            <ul class="bills">
              {door.open_bills.map(({ invoice_no, open_paisa }) => (
                <li>
                  <span><Num>{door.due_dates.get(invoice_no)?.bill_month ?? invoice_no}</Num>
                    {door.due_dates.has(invoice_no) && <small>{say('app_bill_due_by', day(door.due_dates.get(invoice_no)!.due_date))}</small>}
                  </span>
                  <Money paisa={open_paisa} />
                </li>
              ))}
            </ul>
          </section>
        )}
        <h2>{say('app_what_happened')}</h2>
        <div class="outcomes">
          {OUTCOMES.map((outcome) => (
            <button type="button" aria-pressed={chosen.value === outcome} class={outcome}
              onClick={() => { chosen.value = chosen.value === outcome ? null : outcome; }}>
              {say(`app_${outcome}` as Word)}
            </button>
          ))}
        </div>
        {chosen.value === 'promise' && (
          <fieldset class="days">
            <legend>{say('app_promise_when')}</legend>
            {PROMISE_DAYS.map((count) => (
              <button type="button" aria-pressed={days.value === count} onClick={() => { days.value = count; }}>
                {count === 1 ? say('app_tomorrow') : say('app_in_days', count)}
              </button>
            ))}
          </fieldset>
        )}
        {chosen.value !== null && (
          <input class="find" aria-label={say('app_remark')} placeholder={say('app_remark')} maxLength={200} value={remark.value}
            onInput={(event) => { remark.value = event.currentTarget.value; }} />
        )}
        {trouble.value && <p class="trouble" role="alert">{trouble.value}</p>}
      </main>
      <div class="act">
        {chosen.value === null
          ? <button class="primary" type="button" disabled={receiptsLeft.value === 0} onClick={() => go('collect', id)}>
              {receiptsLeft.value === 0 ? say('app_no_receipts') : say('app_collect')}
            </button>
          : <button class="primary" type="button" disabled={busy.value} onClick={save}>{say('app_save')}: {say(`app_${chosen.value}` as Word)}</button>}
      </div>
    </>
  );
}

function localDate(ms: number): string {
  const at = new Date(ms);
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
}
