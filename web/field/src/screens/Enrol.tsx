/** The first screen of a new phone: a code from the office makes it an officer's. */

import { useSignal } from '@preact/signals';

import { enrol } from '../app';
import { asciiDigits } from '../money';
import { scannedFrom } from '../scanned';
import { Refused } from '../sync/phone';
import { language, say } from '../words';

export function Enrol() {
  const trouble = useSignal<string | null>(null);
  const busy = useSignal(false);
  const scanned = scannedFrom(location.hash);

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const typed = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string) => asciiDigits(String(typed.get(name))).trim();
    busy.value = true;
    trouble.value = null;
    try {
      await enrol(text('code').toUpperCase(), text('staff_no').toUpperCase(), text('pin'));
    } catch (reason) {
      const old = reason instanceof DOMException && reason.name === 'NotSupportedError';
      trouble.value = old ? say('app_no_ed25519') : say(reason instanceof Refused ? 'app_enrol_refused' : 'app_no_network');
    }
    busy.value = false;
  }

  return (
    <main class="door">
      <LanguageSwitch />
      <img src="/field/icon.svg" alt="" width="72" height="72" />
      <h1>{say('app_enrol_title')}</h1>
      <p>{say('app_enrol_how')}</p>
      <form onSubmit={submit}>
        <label for="staff_no">{say('app_staff_no')}</label>
        <input id="staff_no" name="staff_no" defaultValue={scanned.staffNo} dir="ltr" required autocomplete="off" autocapitalize="characters" spellcheck={false} />
        <label for="code">{say('app_code')}</label>
        <input id="code" name="code" defaultValue={scanned.code} dir="ltr" required autocomplete="off" autocapitalize="characters" spellcheck={false} />
        <label for="pin">{say('app_pin')}</label>
        <input id="pin" name="pin" dir="ltr" type="password" inputmode="numeric" required autocomplete="off" />
        {trouble.value && <p class="trouble" role="alert">{trouble.value}</p>}
        <button class="primary" disabled={busy.value}>{say('app_enrol')}</button>
      </form>
    </main>
  );
}

/** The other language, named in itself. */
export function LanguageSwitch() {
  const other = language.value === 'ur' ? 'en' : 'ur';
  return (
    <button class="language" type="button" lang={other} onClick={() => { language.value = other; }}>
      {other === 'ur' ? 'اردو' : 'English'}
    </button>
  );
}
