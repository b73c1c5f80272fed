/** A Chromium that can be killed as a phone's app is: with its whole group, in the middle of anything. */

import { spawn } from 'node:child_process';

import { chromium } from 'playwright-core';

const FLAGS = [
  '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--remote-debugging-port=0', '--hide-scrollbars',
];
const SCREEN = { width: 360, height: 640 };

export async function open(profile) {
  const flags = [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'];
  // What it keeps for its user belongs into the profile, not into the home folder of whoever runs this.
  const env = { ...process.env, HOME: profile, XDG_CACHE_HOME: `${profile}/cache`, XDG_CONFIG_HOME: `${profile}/config` };
  const child = spawn(process.env.CHROMIUM, flags, { detached: true, env, stdio: ['ignore', 'ignore', 'pipe'] });
  // A play that fails leaves nothing running.
  process.once('exit', () => end(child));
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const browser = await chromium.connectOverCDP(await address(child));
  const context = browser.contexts()[0];
  const page = context.pages()[0] ?? (await context.newPage());
  await page.setViewportSize(SCREEN);
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    // A line that was cut is what the play is about.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(message.text());
  });
  const kill = async () => {
    end(child);
    await gone;
  };
  const close = async () => {
    await browser.close();
    await kill();
  };
  return { context, page, faults, kill, close };
}

function end(child) {
  if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL');
}

function address(child) {
  return new Promise((resolve, reject) => {
    let said = '';
    child.once('exit', () => reject(new Error(`Chromium ended: ${said}`)));
    child.stderr.on('data', (part) => {
      said += part;
      const found = /DevTools listening on (ws:\S+)/.exec(said);
      if (found) resolve(found[1]);
    });
  });
}
