/** What the payer is shown: number, amount, code and QR. It exists only once the money is saved. */

import { signal, useSignal, useSignalEffect } from '@preact/signals';
import { encode } from 'uqr';

import { enrolment, sign } from '../app';
import { rupees } from '../money';
import { replace } from '../navigation';
import { type Printed, receiptQr } from '../sync/receipts';
import { clock, day, language, say } from '../words';
import { Header, Money, Num } from './parts';

export interface Shown extends Printed {
  code: string;
  name: string;
  name_ur: string;
  phone: string | null;
}

export const showing = signal<Shown | null>(null);

export function Receipt() {
  const path = useSignal<{ size: number; d: string } | null>(null);
  useSignalEffect(() => {
    const receipt = showing.value;
    if (receipt === null || enrolment.value === null) return;
    void receiptQr(sign, enrolment.value.device_id, receipt).then((text) => { path.value = drawn(text); });
  });
  const receipt = showing.value;
  if (receipt === null) return <Header title={say('app_receipt')} back />;
  const link = `${location.origin}/r/${receipt.receipt_no}`;
  const text = say('app_sms_text', receipt.receipt_no, rupees(receipt.amount_paisa), receipt.account_no ?? '', receipt.code, link);

  return (
    <>
      <Header title={say('app_receipt')} />
      <main class="with-bar">
        <article class="paper">
          <p class="stamp">✓ {say('app_saved')}</p>
          <p class="big"><Money paisa={receipt.amount_paisa} /></p>
          <dl>
            <dt>{say('app_receipt')}</dt><dd id="receipt-no"><Num>{receipt.receipt_no}</Num></dd>
            <dt>{say('app_received_from')}</dt><dd><bdi>{language.value === 'ur' ? receipt.name_ur : receipt.name}</bdi></dd>
            <dt>{say('app_account')}</dt><dd><Num>{receipt.account_no}</Num></dd>
            <dt>{say('app_receipt_code')}</dt><dd id="receipt-code"><Num>{receipt.code}</Num></dd>
          </dl>
          <p class="when"><bdi>{day(receipt.occurred_at)}</bdi> <Num>{clock(receipt.occurred_at)}</Num></p>
          {path.value && (
            <svg class="qr" role="img" aria-label="QR" viewBox={`0 0 ${path.value.size} ${path.value.size}`} shape-rendering="crispEdges">
              <path d={path.value.d} />
            </svg>
          )}
          <p class="link">{say('app_receipt_check', '')} <Num>{link.replace(/^https?:\/\//, '')}</Num></p>
        </article>
        <div class="ways">
          <a class="second" href={`sms:${receipt.phone ?? ''}?body=${encodeURIComponent(text)}`}>{say('app_sms')}</a>
          {'share' in navigator && (
            <button class="second" type="button" onClick={() => void navigator.share({ text }).catch(() => undefined)}>{say('app_share')}</button>
          )}
          <button class="second" type="button" onClick={() => window.print()}>{say('app_print')}</button>
        </div>
      </main>
      <div class="act">
        <button class="primary" type="button" onClick={() => { replace('round'); }}>{say('app_next_stop')}</button>
      </div>
    </>
  );
}

/** One path of unit squares for the dark modules. */
function drawn(text: string): { size: number; d: string } {
  const { data, size } = encode(text, { ecc: 'M', border: 2 });
  const squares = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])));
  return { size, d: squares.join('') };
}
