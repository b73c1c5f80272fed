/** Today's doors in walking order. */

import { useSignal } from '@preact/signals';

import { inHand, left, round } from '../app';
import { asciiDigits } from '../money';
import { go } from '../navigation';
import { type Door, isLeft } from '../round';
import { language, say, type Word } from '../words';
import { Header, listAge, Money, Num } from './parts';

export function Round() {
  const sought = useSignal('');
  const words = asciiDigits(sought.value).toLowerCase();
  const found = round.value.filter((door) => matches(door, words));
  const next = round.value.find(isLeft);

  return (
    <>
      <Header title={say('app_round')} />
      <main>
        <section class="sum">
          <div><span>{say('app_in_hand')}</span><b><Money paisa={inHand.value} /></b></div>
          <div><span>{listAge()}</span><b>{say('app_stops_left', left.value, round.value.length)}</b></div>
        </section>
        <input class="find" type="search" aria-label={say('app_find')} placeholder={say('app_find')} value={sought.value}
          onInput={(event) => { sought.value = event.currentTarget.value; }} />
        {round.value.length === 0 && <p class="empty">{say('app_no_stops')}</p>}
        <ol class="doors">
          {found.map((door) => <Row key={door.stop_id} door={door} isNext={door === next} />)}
        </ol>
      </main>
    </>
  );
}

function Row({ door, isNext }: { door: Door; isNext: boolean }) {
  return (
    <li class={isNext ? 'next' : ''}>
      <button type="button" onClick={() => go('consumer', door.stop_id)}>
        <span class="order"><Num>{door.walk_order}</Num></span>
        <span class="what">
          <bdi class="name">{language.value === 'ur' ? door.name_ur : door.name}</bdi>
          <bdi class="address">{door.address}</bdi>
          <span class="flags">
            {door.outcome && !isLeft(door) && <em class="done">{say(`app_${door.outcome}` as Word)}</em>}
            {door.flags.map((flag) => <em><Num>{flag}</Num></em>)}
          </span>
        </span>
        <span class="owes">{door.due_paisa > 0 ? <Money paisa={door.due_paisa} /> : <span class="nil">{say('app_nothing_due')}</span>}</span>
      </button>
    </li>
  );
}

function matches(door: Door, words: string): boolean {
  const text = `${door.name} ${door.name_ur} ${door.address} ${door.account_no}`.toLowerCase();
  return words.split(/\s+/).every((word) => text.includes(word));
}
