// A phone that sends photographs by tus-js-client, and remembers each request that it made.
import { createHash, randomUUID } from 'node:crypto'
import { deflateSync } from 'node:zlib'

import { Upload } from 'tus-js-client'

export const sha256 = (content) => createHash('sha256').update(content).digest('hex')

function chunk(kind, body) {
  const named = Buffer.concat([Buffer.from(kind), body])
  const framed = Buffer.alloc(named.length + 8)
  framed.writeUInt32BE(body.length, 0)
  named.copy(framed, 4)
  framed.writeUInt32BE(crc32(named), named.length + 4)
  return framed
}

function crc32(bytes) {
  let crc = ~0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return ~crc >>> 0
}

/** A grey PNG of noise, which does not pack: some thousands of bytes, another one for each seed. */
export function aPhoto(seed = 1, side = 96) {
  const rows = Buffer.alloc(side * (side + 1))
  let dice = seed
  for (let at = 0; at < rows.length; at++) {
    dice = (Math.imul(dice, 1103515245) + 12345) >>> 0
    rows[at] = at % (side + 1) ? dice >>> 24 : 0
  }
  const head = Buffer.from([0, 0, 0, side, 0, 0, 0, side, 8, 0, 0, 0, 0])
  const magic = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([magic, chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])
}

export class Camera {
  constructor(phone) {
    this.phone = phone
    this.asked = []
  }

  /** Send a file; resolves when it is whole, rejects with tus-js-client's own error. */
  send(content, more = {}) {
    return new Promise((resolve, reject) => {
      const upload = this.upload(content, { ...more, onSuccess: () => resolve(upload), onError: reject })
      upload.start()
    })
  }

  upload(content, { headers = {}, announced = sha256(content), ...more } = {}) {
    return new Upload(content, {
      endpoint: `${this.phone.url}/api/v1/attachments`,
      headers: { Authorization: `Bearer ${this.phone.token}`, ...headers },
      metadata: { sha256: announced, filename: '../../a name that nobody reads.png' },
      retryDelays: [0, 50, 200, 1000],
      onAfterResponse: (request, answer) => {
        const sent = Number(request.getHeader('Upload-Offset') ?? 0)
        this.asked.push([request.getMethod(), answer.getStatus(), sent])
      },
      ...more,
    })
  }

  /** Say which record the file belongs to, by our own protocol; returns the reference's id. */
  async refer(content, ownerId, seq) {
    const record_id = randomUUID()
    const fields = {
      owner_entity: 'stop',
      owner_id: ownerId,
      position: 1,
      sha256: sha256(content),
      bytes: content.length,
      content_type: 'image/png',
      taken_at: '2026-04-08T08:59:00.000Z',
    }
    const occurred_at = '2026-04-08T08:59:00.000Z'
    const mutation = { id: randomUUID(), seq, entity: 'attachment', op: 'put', record_id, base_version: null, occurred_at, fields }
    const answer = await this.fetch('/api/v1/sync/push', { method: 'POST', body: JSON.stringify({ mutations: [mutation] }) })
    const { outcomes } = await answer.json()
    if (outcomes[0].outcome !== 'applied') throw new Error(JSON.stringify(outcomes))
    return record_id
  }

  fetch(path, options = {}) {
    const headers = { Authorization: `Bearer ${this.phone.token}`, 'Content-Type': 'application/json' }
    return fetch(this.phone.url + path, { ...options, headers: { ...headers, ...options.headers } })
  }
}
