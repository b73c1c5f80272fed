/** What the app says, in either language, from the catalogue that the server speaks from. */

import { signal } from '@preact/signals';

import messages from '../../../infra/messages.json';

export type Language = 'en' | 'ur';
export type Word = keyof typeof messages;

const KEPT_AS = 'language';

export const language = signal<Language>(localStorage.getItem(KEPT_AS) === 'en' ? 'en' : 'ur');

language.subscribe((chosen) => {
  localStorage.setItem(KEPT_AS, chosen);
  document.documentElement.lang = chosen;
  document.documentElement.dir = chosen === 'ur' ? 'rtl' : 'ltr';
});

// Another page of this app changed it: two pages speak one language.
window.addEventListener('storage', ({ key, newValue }) => {
  if (key === KEPT_AS && newValue !== null) language.value = newValue === 'en' ? 'en' : 'ur';
});

/** The sentence of a key, with values in its holes {0}, {1} … */
export function say(word: Word, ...values: (string | number)[]): string {
  return messages[word][language.value].replace(/\{(\d)\}/g, (_, place) => String(values[Number(place)]));
}

/** A time of day as the officer reads it, in his own zone. */
export function clock(at: string): string {
  return new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}

export function day(date: string): string {
  const at = new Date(date.length === 10 ? `${date}T12:00:00` : date);
  return at.toLocaleDateString(language.value === 'ur' ? 'ur-PK-u-nu-latn' : 'en-GB', { day: 'numeric', month: 'short' });
}
