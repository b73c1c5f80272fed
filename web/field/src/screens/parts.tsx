/** What several screens are made of. */

import type { ComponentChildren } from 'preact';

import { engine, heard, online, unsent } from '../app';
import { rupees } from '../money';
import { go, place } from '../navigation';
import { clock, say, type Word } from '../words';

/** A number, account or receipt: read from left to right in either language. */
export function Num({ children }: { children: ComponentChildren }) {
  return <bdi dir="ltr" class="num">{children}</bdi>;
}

export function Money({ paisa }: { paisa: number }) {
  return <span class="money"><small>{say('app_rs')}</small> <Num>{rupees(paisa)}</Num></span>;
}

/** Whether this phone and the office are up to date with each other. */
function Sync() {
  const busy = engine.value.doing !== 'resting';
  const words = !online.value ? say('app_offline') : busy ? say('app_exchanging') : null;
  const rest = unsent.value > 0 ? say('app_unsent', unsent.value) : words === null ? say('app_all_sent') : null;
  return (
    <span class={`sync ${unsent.value > 0 || !online.value ? 'behind' : ''}`} role="status">
      {[words, rest].filter(Boolean).join(' · ')}
    </span>
  );
}

export function Header({ title, back }: { title: string; back?: boolean }) {
  return (
    <header>
      <div class="bar">
        {back && (
          <button class="back" type="button" aria-label={say('app_back')} onClick={() => history.back()}>
            <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M15 4l-8 8 8 8" /></svg>
          </button>
        )}
        <h1>{title}</h1>
        <Sync />
      </div>
    </header>
  );
}

export const listAge = (): string => (heard.value ? say('app_list_from', clock(heard.value.at)) : say('app_never_heard'));

const TABS: { screen: 'round' | 'outbox' | 'settings'; word: Word; icon: string }[] = [
  { screen: 'round', word: 'app_round', icon: 'M4 6h16M4 12h16M4 18h10' },
  { screen: 'outbox', word: 'app_outbox', icon: 'M12 15V4m-4 4l4-4 4 4M4 14v6h16v-6' },
  { screen: 'settings', word: 'app_settings', icon: 'M4 7h9m5 0h2M4 17h3m5 0h8M13 4v6M8 14v6' },
];

export function Tabs() {
  return (
    <nav>
      {TABS.map(({ screen, word, icon }) => (
        <button type="button" aria-current={place.value.screen === screen ? 'page' : undefined} onClick={() => go(screen)}>
          <svg viewBox="0 0 24 24" aria-hidden="true"><path d={icon} /></svg>
          <span>{say(word)}</span>
          {screen === 'outbox' && unsent.value > 0 && <b class="badge"><Num>{unsent.value}</Num></b>}
        </button>
      ))}
    </nav>
  );
}
