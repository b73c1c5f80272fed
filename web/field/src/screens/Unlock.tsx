/** The PIN, on keys large enough for a thumb. */

import { useSignal } from '@preact/signals';

import { enrolment, store, unlock } from '../app';
import { tryPin } from '../pin';
import { language, say } from '../words';
import { LanguageSwitch } from './Enrol';

const PIN_CHARS = 6;
const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '', '0', '⌫'];

export function Unlock() {
  const typed = useSignal('');
  const trouble = useSignal<string | null>(null);
  const { staff } = enrolment.value!;

  async function press(key: string) {
    trouble.value = null;
    if (key === '⌫') typed.value = typed.value.slice(0, -1);
    else if (typed.value.length < PIN_CHARS) typed.value += key;
    if (typed.value.length < PIN_CHARS || key === '⌫') return;
    const tried = await tryPin(store, typed.value, Date.now());
    typed.value = '';
    if (tried.unlocked) unlock();
    else trouble.value = tried.waitSeconds > 0 ? say('app_wait_pin', tried.waitSeconds) : say('app_wrong_pin');
  }

  return (
    <main class="door">
      <LanguageSwitch />
      <p class="who">{language.value === 'ur' ? (staff.name_ur ?? staff.name) : staff.name}</p>
      <h1>{say('app_unlock_title')}</h1>
      <p class="dots" dir="ltr" aria-hidden="true">
        {Array.from({ length: PIN_CHARS }, (_, place) => <i class={place < typed.value.length ? 'on' : ''} />)}
      </p>
      <p class="trouble" role="alert">{trouble.value}</p>
      <div class="keys" dir="ltr">
        {KEYS.map((key) =>
          key === '' ? <span /> : (
            <button type="button" aria-label={key === '⌫' ? say('app_delete') : key} onClick={() => press(key)}>{key}</button>
          ),
        )}
      </div>
    </main>
  );
}
