/** Everything that was recorded, with its state and what to do about it. */

import { exchange, outbox, unsent } from '../app';
import type { Recorded } from '../round';
import type { ItemState } from '../sync/outbox';
import { clock, language, say, type Word } from '../words';
import { Header, Money, Num } from './parts';

const WHAT_TO_DO: Partial<Record<ItemState, Word>> = {
  saved: 'app_do_saved',
  held: 'app_do_held',
  needs_you: 'app_do_needs_you',
};

export function Outbox() {
  return (
    <>
      <Header title={say('app_outbox')} />
      <main>
        {unsent.value > 0 && <button class="second" type="button" onClick={() => exchange()}>{say('app_send_now')} · {say('app_unsent', unsent.value)}</button>}
        {outbox.value.length === 0 && <p class="empty">{say('app_empty_outbox')}</p>}
        <ol class="items">{outbox.value.map((item) => <Item key={item.seq} item={item} />)}</ol>
      </main>
    </>
  );
}

function Item({ item }: { item: Recorded }) {
  const todo = WHAT_TO_DO[item.state];
  const outcome = item.fields['outcome'];
  return (
    <li class={item.state} data-state={item.state}>
      <p class="head">
        <b>{say(`app_${item.entity}` as Word)}{typeof outcome === 'string' && <> · {say(`app_${outcome}` as Word)}</>}</b>
        <em>{say(`app_item_${item.state}` as Word)}</em>
      </p>
      <p>
        {item.entity === 'collection' && <><Money paisa={Number(item.fields['amount_paisa'])} /> · <Num>{String(item.fields['receipt_no'])}</Num> · </>}
        <Num>{clock(item.occurred_at)}</Num>{item.about && <> · <Num>{item.about}</Num></>}
      </p>
      {item.why && <p class="why">{item.why[language.value]}</p>}
      {todo && <p class="todo">{say(todo)}</p>}
    </li>
  );
}
