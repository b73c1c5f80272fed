/** How long to wait after so many failures in a row. Pure. */

const FIRST_WAIT_SECONDS = 1;
const WAIT_SECONDS_MAX = 300;
const DOUBLINGS_MAX = 16;

/**
 * Anywhere under a ceiling that doubles: thirty phones that lost the same server come back one by
 * one. What the server asked for is waited in any case. `chance` is drawn between 0 and 1.
 */
export function waitSeconds(failures: number, chance: number, toldSeconds = 0): number {
  const doublings = Math.min(Math.max(failures - 1, 0), DOUBLINGS_MAX);
  const ceiling = FIRST_WAIT_SECONDS * 2 ** doublings;
  return toldSeconds + chance * Math.min(ceiling, WAIT_SECONDS_MAX);
}
