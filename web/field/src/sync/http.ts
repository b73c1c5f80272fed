/** How a phone reaches its installation: one question, one answer, and what it is when none comes. */

import type { Row } from './canonical';
import { Lost, Refused, type Server } from './phone';
import type { Problem } from './step';

const TIMEOUT_MS = 30_000;
const TOO_MANY_REQUESTS = 429;
const SERVER_ERRORS = 500;

export class HttpServer implements Server {
  /** Errors: Lost, Refused. */
  async post(path: string, value: Row, token?: string): Promise<unknown> {
    const headers: Record<string, string> = { 'Content-Type': 'application/json' };
    if (token !== undefined) headers['Authorization'] = `Bearer ${token}`;
    const body = JSON.stringify(value);
    try {
      // A cut answer fails here or while it is read: either way nothing was decided.
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const answer = await fetch(path, { method: 'POST', headers, body, signal, cache: 'no-store' });
      return decided(path, answer, await answer.text());
    } catch (reason) {
      if (reason instanceof Lost || reason instanceof Refused) throw reason;
      throw new Lost(`${path}: ${String(reason)}`);
    }
  }
}

function decided(path: string, answer: Response, text: string): unknown {
  if (answer.status >= SERVER_ERRORS || answer.status === TOO_MANY_REQUESTS) {
    const told = Number(answer.headers.get('Retry-After') ?? '');
    throw new Lost(`${path}: ${answer.status}`, Number.isInteger(told) ? told : 0);
  }
  const value: unknown = text === '' ? null : JSON.parse(text);
  if (!answer.ok) throw new Refused({ ...(value as Problem), status: answer.status });
  return value;
}
