/** What a phone loads at first, packed: at most 120 kB without the optional font, nothing inline, nobody else's host. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const BUILT = new URL('../../built/field/', import.meta.url).pathname;
const BYTES_MAX = 120 * 1024;
const OPTIONAL = new Set(['.woff2']);
// Names that stand for a vocabulary, not for a host that is asked.
const VOCABULARIES = /https?:\/\/(www\.w3\.org|localhost|dexie\.org|bit\.ly|github\.com|goo\.gl|developers?\.)/;

const files = readdirSync(BUILT, { recursive: true })
  .map((name) => join(BUILT, name))
  .filter((path) => statSync(path).isFile());
const wrong = [];

let total = 0;
for (const path of files) {
  const packed = gzipSync(readFileSync(path)).length;
  const optional = OPTIONAL.has(extname(path));
  if (!optional) total += packed;
  console.log(`${String(packed).padStart(8)}  ${path.slice(BUILT.length)}${optional ? '  (optional)' : ''}`);
}
console.log(`${String(total).padStart(8)}  of ${BYTES_MAX}`);
if (total > BYTES_MAX) wrong.push(`first load is ${total} bytes, more than ${BYTES_MAX}`);

const page = readFileSync(join(BUILT, 'index.html'), 'utf8');
if (/<script(?![^>]*\bsrc=)/.test(page) || /<style/.test(page) || /\s(style|on[a-z]+)=/.test(page)) {
  wrong.push('index.html has inline code, which the policy forbids');
}
for (const path of files.filter((one) => /\.(html|css|webmanifest)$/.test(one))) {
  const hosts = readFileSync(path, 'utf8').match(/(https?:)?\/\/[a-z0-9.-]+\.[a-z]+[^"')\s]*/g) ?? [];
  for (const host of hosts.filter((one) => !VOCABULARIES.test(one))) wrong.push(`${path} names ${host}`);
}

for (const line of wrong) console.error(line);
process.exitCode = wrong.length > 0 ? 1 : 0;
