/** A day of one officer: enrols, pulls his round, walks it without a network, is killed in the middle of a save, comes back. */

import { mkdirSync } from 'node:fs';

import { open } from './browser.mjs';

const { APP, STREET, PROFILE, SCREENS } = process.env;
const LANGUAGES = ['en', 'ur'];
/** Milliseconds between the thumb on "take" and the kill: before, in and after the transaction. */
const KILLS_AFTER_MS = [0, 25, 120];
const CUTS = ['answer lost', 'cut after 60', '503'];
const WAIT_MS = 15_000;

mkdirSync(SCREENS, { recursive: true });
const receipts = [];
const faults = [];
let phone = await open(PROFILE);
phone.page.setDefaultTimeout(WAIT_MS);

const officer = await street('code');
await phone.page.goto(APP);
await both('enrol');
await enrol(officer);
await phone.page.locator('.doors li').first().waitFor({ timeout: WAIT_MS });
await allSent();
await phone.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
await both('round');

await phone.context.setOffline(true);
const taps = await visit(0, 'not_home');
await visit(1, 'promise');
await visit(2, 'already_paid_claim');
await collect(3, '500');
await collect(4, '۱۲۰۰');
await tab('outbox');
await both('outbox-offline');
await tab('round');
await both('round-offline');

await street('weather', { dead: true, fates: [] });
for (const [nth, ms] of KILLS_AFTER_MS.entries()) {
  await killInTheMiddleOfASave(5 + nth, String(700 + nth), ms);
}

await phone.context.setOffline(true);
await collect(5 + KILLS_AFTER_MS.length, '300', 'all');
await street('weather', { dead: false, fates: CUTS });
await phone.context.setOffline(false);
await allSent();
await tab('outbox');
await phone.page.locator('.items li').first().waitFor();
await both('outbox-accepted');
await tab('settings');
await both('settings');

const held = await look();
await phone.close();
faults.push(...phone.faults);
console.log(JSON.stringify({
  receipts: held.receipts,
  in_hand_paisa: held.receipts.reduce((sum, one) => sum + one.amount_paisa, 0),
  taps_of_an_outcome: taps,
  outbox: held.outbox,
  recorded: held.recorded,
  faults,
}));
for (const shown of receipts) {
  const kept = held.receipts.find((one) => one.receipt_no === shown.receipt_no);
  if (kept?.code !== shown.code) throw new Error(`a payer holds ${shown.receipt_no}, the phone does not`);
}

// What the officer does

async function enrol({ staff_no, code, pin }) {
  await phone.page.fill('#staff_no', staff_no);
  await phone.page.fill('#code', code);
  await phone.page.fill('#pin', pin);
  await phone.page.click('button.primary');
}

async function unlock() {
  await phone.page.locator('.keys').waitFor();
  if (!unlock.seen) {
    unlock.seen = true;
    await both('unlock');
  }
  for (const digit of officer.pin) await phone.page.click(`.keys button:has-text("${digit}")`);
  await phone.page.locator('nav').waitFor();
}

/** Knock at the door of this place in the walking order; says how many taps it took. */
async function visit(place, outcome) {
  let count = 0;
  const tap = async (selector) => {
    count += 1;
    await phone.page.click(selector);
  };
  await tap(door(place));
  if (place === 0) await both('consumer');
  await tap(`.outcomes .${outcome}`);
  if (outcome === 'promise') await both('consumer-promise');
  await tap('.act .primary');
  await phone.page.locator(`${doorOf(place)} .done`).waitFor();
  return count;
}

async function collect(place, amount) {
  await toCollect(place, amount);
  if (receipts.length === 0) await both('collect');
  await phone.page.click('.act .primary');
  await phone.page.locator('.qr').waitFor();
  if (receipts.length === 0) await both('receipt');
  receipts.push({
    receipt_no: await phone.page.locator('#receipt-no').innerText(),
    code: await phone.page.locator('#receipt-code').innerText(),
  });
  await phone.page.click('.act .primary');
  await phone.page.locator('nav').waitFor();
}

async function toCollect(place, amount) {
  await phone.page.click(door(place));
  await phone.page.click('.act .primary');
  await phone.page.fill('.amount input', amount);
}

/** All of it is there afterwards, or nothing: money, visit and stop, with one receipt number less. */
async function killInTheMiddleOfASave(place, amount, ms) {
  console.error(`killed after ${ms} ms`);
  const before = await look();
  await toCollect(place, amount);
  await phone.page.evaluate(() => { document.querySelector('.act .primary').click(); });
  await new Promise((resolve) => { setTimeout(resolve, ms); });
  faults.push(...phone.faults);
  await phone.kill();

  phone = await open(PROFILE);
  phone.page.setDefaultTimeout(WAIT_MS);
  await phone.page.goto(APP);
  await unlock();
  const after = await look();
  const saved = after.receipts.length - before.receipts.length;
  if (![0, 1].includes(saved)) throw new Error(`${saved} receipts came of one save`);
  if (after.used - before.used !== saved) throw new Error('a receipt number was used for nothing, or twice');
  if (after.recorded - before.recorded !== 3 * saved) throw new Error('a half of a save was kept');
}

// How the play sees and steers

function doorOf(place) {
  return `.doors li:nth-child(${place + 1})`;
}

function door(place) {
  return `${doorOf(place)} button`;
}

function tab(screen) {
  return phone.page.click(`nav button:nth-child(${['round', 'outbox', 'settings'].indexOf(screen) + 1})`);
}

async function allSent() {
  await phone.page.waitForFunction(() => document.querySelector('.sync') && !document.querySelector('.sync.behind'), null, { timeout: 2 * WAIT_MS });
}

/** As another page of the app does that changes the language: this one follows. */
async function say(language) {
  await phone.page.evaluate((newValue) => {
    localStorage.setItem('language', newValue);
    window.dispatchEvent(new StorageEvent('storage', { key: 'language', newValue }));
  }, language);
  await phone.page.waitForFunction((chosen) => document.documentElement.lang === chosen, language);
}

async function both(name) {
  // Where a play that fails has been.
  console.error(name);
  for (const language of LANGUAGES) {
    await say(language);
    await phone.page.evaluate(() => document.fonts.ready.then(() => undefined));
    await phone.page.screenshot({ path: `${SCREENS}/${name}-${language}.png` });
    const wide = await phone.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wide > 0) faults.push(`${name} in ${language} is ${wide} pixels too wide`);
  }
  await say('en');
}

/** The phone's own disk, read beside the app. */
function look() {
  return phone.page.evaluate(async () => {
    const database = await new Promise((resolve, reject) => {
      const asked = indexedDB.open('fieldledger');
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
    const all = (of) => new Promise((resolve) => {
      const asked = database.transaction(of).objectStore(of).getAll();
      asked.onsuccess = () => resolve(asked.result);
    });
    const [items, names] = [await all('outbox'), await all('names')];
    database.close();
    const outbox = {};
    for (const { outcome } of items) {
      const word = { applied: 'accepted', merged: 'accepted' }[outcome?.outcome] ?? outcome?.outcome ?? 'waiting';
      outbox[word] = (outbox[word] ?? 0) + 1;
    }
    const money = items.filter(({ entity }) => entity === 'collection').map(({ body }) => JSON.parse(body));
    return {
      recorded: items.length,
      outbox,
      used: names.find(({ name }) => name === 'receipts')?.value.used,
      receipts: money.map(({ fields, occurred_at }) => ({
        receipt_no: fields.receipt_no, account_no: fields.account_no, amount_paisa: fields.amount_paisa, code: fields.verify_code, occurred_at,
      })),
    };
  });
}

async function street(deed, asked = {}) {
  const answer = await fetch(`${STREET}/${deed}`, { method: 'POST', body: JSON.stringify(asked) });
  return answer.json();
}
