/** Who is using this phone, and in what state it is. */

import { engine, enrolment, exchange, heard, inHand, protectedStorage, receiptsLeft, unlocked } from '../app';
import { APP } from '../sync/phone';
import { language, say } from '../words';
import { Header, listAge, Money, Num } from './parts';

const MINUTE_MS = 60_000;
const CLOCK_OFF_MINUTES = 5;

export function Settings() {
  const { staff } = enrolment.value!;
  const offMinutes = Math.round(Math.abs(heard.value?.clock_offset_ms ?? 0) / MINUTE_MS);
  const problem = engine.value.problem;
  return (
    <>
      <Header title={say('app_settings')} />
      <main>
        {problem && <p class="trouble" role="alert">{say(problem.do === 'update-app' ? 'app_update_needed' : 'app_ask_office')}</p>}
        {offMinutes >= CLOCK_OFF_MINUTES && <p class="trouble" role="alert">{say('app_clock_off', offMinutes)}</p>}
        <fieldset class="days card">
          <legend>{say('app_language')}</legend>
          <button type="button" lang="ur" aria-pressed={language.value === 'ur'} onClick={() => { language.value = 'ur'; }}>اردو</button>
          <button type="button" lang="en" aria-pressed={language.value === 'en'} onClick={() => { language.value = 'en'; }}>English</button>
        </fieldset>
        <section class="card facts">
          <p><span>{say('app_officer')}</span><bdi>{language.value === 'ur' ? (staff.name_ur ?? staff.name) : staff.name} · <Num>{staff.staff_no}</Num></bdi></p>
          <p><span>{say('app_in_hand')}</span><Money paisa={inHand.value} /></p>
          <p><span>{say('app_receipts_left')}</span><Num>{receiptsLeft.value}</Num></p>
          <p><span>{say('app_storage')}</span>{say(protectedStorage.value ? 'app_storage_kept' : 'app_storage_loose')}</p>
          <p><span>{listAge()}</span><Num>{APP}</Num></p>
        </section>
        <button class="second" type="button" onClick={() => exchange()}>{say('app_send_now')}</button>
        <button class="second" type="button" onClick={() => { unlocked.value = false; }}>{say('app_lock')}</button>
      </main>
    </>
  );
}
