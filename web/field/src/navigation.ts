/** Which screen is shown: the address after #, so that the phone's own back button works. */

import { signal } from '@preact/signals';

export interface Place {
  screen: 'round' | 'consumer' | 'collect' | 'receipt' | 'outbox' | 'settings';
  id: string;
}

const SCREENS = new Set(['round', 'consumer', 'collect', 'receipt', 'outbox', 'settings']);

export const place = signal<Place>(read());

window.addEventListener('hashchange', () => {
  place.value = read();
  window.scrollTo(0, 0);
});

export function go(screen: Place['screen'], id = ''): void {
  location.hash = id ? `${screen}/${id}` : screen;
}

/** Go on without a way back: nobody should meet a form again whose work is done. */
export function replace(screen: Place['screen'], id = ''): void {
  location.replace(`#${id ? `${screen}/${id}` : screen}`);
}

function read(): Place {
  const [screen = '', id = ''] = location.hash.slice(1).split('/');
  return { screen: (SCREENS.has(screen) ? screen : 'round') as Place['screen'], id };
}
