import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { FileUrlStorage } from 'tus-js-client'

import { aPhoto, Camera, sha256 } from './camera.mjs'
import { ask, enrol, openOffice, recordsOf } from './lib.mjs'

const behind = (phone, network) => new Camera({ ...phone, url: network.url })
const methods = (camera) => camera.asked.map(([method]) => method)
const stateOf = async (office, id) => (await recordsOf(office, 'attachment', [id]))[id].state

async function kept(office, camera, photo, seq = 1) {
  const id = await camera.refer(photo, office.stops[0], seq)
  await ask('work', { code: office.code })
  assert.equal(await stateOf(office, id), 'stored')
  const file = await camera.fetch(`/api/v1/attachments/${id}/file`)
  assert.equal(file.status, 200)
  assert.equal(file.headers.get('content-type'), 'image/png')
}

test('a photograph in pieces arrives whole and is kept', async () => {
  const office = await openOffice()
  const camera = new Camera(await enrol(office))
  const photo = aPhoto()

  await camera.send(photo, { chunkSize: 2000 })

  const pieces = camera.asked.filter(([method]) => method === 'PATCH')
  assert.ok(pieces.length > 3)
  assert.deepEqual(pieces.map(([, , at]) => at), pieces.map((_, n) => n * 2000))
  await kept(office, camera, photo)
})

test('a photograph that goes with its announcement needs one request', async () => {
  const office = await openOffice()
  const camera = new Camera(await enrol(office))
  const photo = aPhoto()

  await camera.send(photo, { uploadDataDuringCreation: true })

  assert.deepEqual(camera.asked, [['POST', 201, 0]])
  await kept(office, camera, photo)
})

test('a lost answer to the announcement leaves one upload', async () => {
  const office = await openOffice()
  const phone = await enrol(office)
  const camera = behind(phone, await ask('network', { method: 'POST', fates: ['answer lost', 'answer lost'] }))
  const photo = aPhoto()

  const upload = await camera.send(photo)

  assert.deepEqual(methods(camera), ['POST', 'PATCH'])
  const again = await new Camera(phone).send(photo)
  assert.equal(new URL(again.url).pathname, new URL(upload.url).pathname)
  await kept(office, new Camera(phone), photo)
})

test('a lost answer to the last bytes sends none of them again', async () => {
  const office = await openOffice()
  const phone = await enrol(office)
  const camera = behind(phone, await ask('network', { method: 'PATCH', fates: ['answer lost'] }))
  const photo = aPhoto()

  await camera.send(photo)

  assert.deepEqual(methods(camera), ['POST', 'HEAD'])
  await kept(office, new Camera(phone), photo)
})

test('cut in the middle it goes on at the byte', async () => {
  const office = await openOffice()
  const phone = await enrol(office)
  const fates = ['cut after 1', 'cut after 3000', 'cut after 0', 'cut after 777']
  const camera = behind(phone, await ask('network', { method: 'PATCH', fates }))
  const photo = aPhoto()

  await camera.send(photo)

  const [, status, at] = camera.asked.at(-1)
  assert.deepEqual([status, at], [204, 1 + 3000 + 777])
  await kept(office, new Camera(phone), photo)
})

test('the server restarts in between', async () => {
  const office = await openOffice()
  const camera = new Camera(await enrol(office))
  const photo = aPhoto()
  let restarted = false

  await camera.send(photo, {
    chunkSize: 4000,
    onAfterResponse: async (request, answer) => {
      camera.asked.push([request.getMethod(), answer.getStatus(), Number(request.getHeader('Upload-Offset') ?? 0)])
      if (request.getMethod() === 'PATCH' && !restarted) {
        restarted = true
        await ask('restart')
      }
    },
  })

  assert.ok(restarted)
  assert.deepEqual(camera.asked.filter(([method]) => method === 'POST').length, 1)
  assert.equal(camera.asked.filter(([, , at]) => at === 4000).length, 1)
  await kept(office, camera, photo)
})

test('an app that was closed finds its upload again', async () => {
  const office = await openOffice()
  const phone = await enrol(office)
  const photo = aPhoto()
  const urlStorage = new FileUrlStorage(join(await mkdtemp(join(tmpdir(), 'tus-')), 'urls.json'))
  const options = { urlStorage, fingerprint: async () => 'photo-1', retryDelays: null }
  const dying = behind(phone, await ask('network', { method: 'PATCH', fates: ['cut after 2500'] }))
  await assert.rejects(dying.send(photo, options))

  const camera = new Camera(phone)
  const [previous] = await camera.upload(photo, options).findPreviousUploads()
  await camera.send(photo, { ...options, uploadUrl: previous.uploadUrl.replace(dying.phone.url, phone.url) })

  assert.deepEqual(camera.asked, [['HEAD', 200, 0], ['PATCH', 204, 2500]])
  await kept(office, camera, photo)
})

test('an app that forgot its upload goes on where it was', async () => {
  const office = await openOffice()
  const phone = await enrol(office)
  const photo = aPhoto()
  const dying = behind(phone, await ask('network', { method: 'PATCH', fates: ['cut after 2500'] }))
  await assert.rejects(dying.send(photo, { retryDelays: null }))

  const camera = new Camera(phone)
  await camera.send(photo)

  assert.deepEqual(camera.asked, [['POST', 201, 0], ['PATCH', 409, 0], ['HEAD', 200, 0], ['PATCH', 204, 2500]])
  await kept(office, camera, photo)
})

test('503 and 429 cost time only', async () => {
  const office = await openOffice()
  const phone = await enrol(office)
  const photo = aPhoto()
  const camera = behind(phone, await ask('network', { method: 'PATCH', fates: ['503', '429', '503'] }))
  const retried = new Set([0, 409, 423, 429])
  const onShouldRetry = (error) => {
    const status = error.originalResponse?.getStatus() ?? 0
    return retried.has(status) || status >= 500
  }

  await camera.send(photo, { onShouldRetry })

  assert.deepEqual(camera.asked.map(([, status]) => status), [201, 503, 200, 429, 200, 503, 200, 204])
  await kept(office, new Camera(phone), photo)
})

test('bytes with a wrong checksum are not taken', async () => {
  const office = await openOffice()
  const camera = new Camera(await enrol(office))
  const photo = aPhoto()
  const wrong = { 'Upload-Checksum': `sha1 ${Buffer.alloc(20).toString('base64')}` }

  await assert.rejects(camera.send(photo, { headers: wrong }), (error) => error.originalResponse.getStatus() === 460)
  await camera.send(photo)

  assert.deepEqual(camera.asked.at(-1), ['PATCH', 204, 0])
  await kept(office, camera, photo)
})

test('another file than announced is refused, and the right one is not in its way', async () => {
  const office = await openOffice()
  const camera = new Camera(await enrol(office))
  const [photo, other] = [aPhoto(1), aPhoto(2)]

  await assert.rejects(camera.send(other, { announced: sha256(photo) }), (error) => error.originalResponse.getStatus() === 460)
  await camera.send(photo)

  await kept(office, camera, photo)
})

test('one refused among good ones stops none of them', async () => {
  const office = await openOffice()
  const camera = new Camera(await enrol(office))
  const good = [aPhoto(1), aPhoto(2), aPhoto(3)]
  const bad = Buffer.from('<html>no photograph</html>')
  const large = Buffer.alloc(10 * 1024 * 1024 + 1)
  const ids = []
  for (const content of [good[0], bad, ...good.slice(1)]) ids.push(await camera.refer(content, office.stops[0], ids.length + 1))

  const sent = await Promise.allSettled([...good, bad, large].map((content) => camera.send(content)))
  const { settled } = await ask('work', { code: office.code })

  assert.deepEqual(sent.map(({ status }) => status), ['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'rejected'])
  assert.equal(sent[4].reason.originalResponse.getStatus(), 413)
  assert.match(sent[4].reason.originalResponse.getBody(), /ATTACHMENT_BYTES_MAX/)
  assert.equal(settled, 4)
  const states = await Promise.all(ids.map((id) => stateOf(office, id)))
  assert.deepEqual(states, ['stored', 'refused', 'stored', 'stored'])
})

test('an upload that was given up is gone', async () => {
  const office = await openOffice()
  const phone = await enrol(office)
  const dying = behind(phone, await ask('network', { method: 'PATCH', fates: ['cut after 500'] }))
  const photo = aPhoto()
  const upload = dying.upload(photo, { retryDelays: null })
  await new Promise((resolve) => {
    upload.options.onError = resolve
    upload.start()
  })

  await upload.abort(true)

  const head = { method: 'HEAD', headers: { 'Tus-Resumable': '1.0.0' } }
  assert.equal((await dying.fetch(new URL(upload.url).pathname, head)).status, 404)
  const camera = new Camera(phone)
  await camera.send(photo)
  assert.deepEqual(camera.asked, [['POST', 201, 0], ['PATCH', 204, 0]])
  await kept(office, camera, photo)
})
