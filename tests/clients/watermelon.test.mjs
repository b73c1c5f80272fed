import assert from 'node:assert/strict'
import { test } from 'node:test'

import { aCollection, anIssue, ask, aVisit, enrol, logOf, openOffice, reassign, recordsOf } from './lib.mjs'
import { WatermelonClient } from './watermelon_client.mjs'

const said = ({ _status, _changed, ...row }) => row

test('a first sync brings everything in scope, typed as columns want it', async () => {
  const office = await openOffice()
  const client = new WatermelonClient(await enrol(office))

  await client.syncAll()

  assert.equal((await client.all('consumer')).length, 3)
  const stop = await client.see('stop', office.stops[0])
  assert.equal(typeof stop.expected_paisa, 'number')
  assert.equal(stop.expected_paisa, 100)
  const consumer = await client.see('consumer', office.consumers[0])
  assert.equal(consumer.account_no, office.accounts[0])
  assert.equal(typeof consumer.source_as_of, 'number')
  assert.deepEqual(JSON.parse(consumer.flags), ['Sample text'])
  const [pulled] = client.pulls
  assert.ok(Number.isSafeInteger(pulled.timestamp) && pulled.timestamp > 0)
})

test('a second pull brings nothing when nothing has changed', async () => {
  const office = await openOffice()
  const client = new WatermelonClient(await enrol(office))

  await client.syncAll()
  await client.syncAll()

  assert.deepEqual(client.pulls.at(-1).changes, {})
  assert.equal(client.pulls.at(-1).timestamp, client.pulls.at(-2).timestamp)
})

test('two clients converge over edits of different fields', async () => {
  const office = await openOffice()
  const one = new WatermelonClient(await enrol(office))
  const other = new WatermelonClient(await enrol(office, 0, '2'))
  const id = await one.create('meter_issue', anIssue(office, { evidence: '{"battery_pct":80}' }))
  await one.syncAll()
  await other.syncAll()

  await one.edit('meter_issue', id, { remark: 'burnt smell' })
  await other.edit('meter_issue', id, { severity: 'high', safety: true })
  for (const client of [one, other, one, other]) await client.syncAll()

  const [mine, theirs] = [await one.see('meter_issue', id), await other.see('meter_issue', id)]
  assert.deepEqual(said(mine), said(theirs))
  assert.deepEqual([mine.remark, mine.severity, mine.safety], ['burnt smell', 'high', true])
  const stored = (await recordsOf(office, 'meter_issue', [id]))[id]
  assert.deepEqual(stored.evidence, { battery_pct: 80 })
  assert.equal(await one.unsent(), false)
})

test('two writers of one field between pull and push make a conflict case', async () => {
  const office = await openOffice()
  const one = new WatermelonClient(await enrol(office))
  const other = new WatermelonClient(await enrol(office, 0, '2'))
  const id = await one.create('meter_issue', anIssue(office))
  await one.syncAll()
  await other.syncAll()
  await one.edit('meter_issue', id, { fault_code: 'fast' })
  await other.edit('meter_issue', id, { fault_code: 'reversed' })

  // The other's push arrives after the one's pull and before its push.
  const { fetch } = globalThis
  globalThis.fetch = async (url, options = {}) => {
    if (options.method === 'POST' && options.headers.Authorization.endsWith(one.phone.token)) {
      globalThis.fetch = fetch
      await other.syncAll()
    }
    return fetch(url, options)
  }
  await one.syncAll()
  for (const client of [one, other]) await client.syncAll()

  assert.equal((await one.see('meter_issue', id)).fault_code, 'reversed')
  assert.equal((await other.see('meter_issue', id)).fault_code, 'reversed')
  const { rows, cases } = await logOf(office, one.phone)
  assert.equal(rows.at(-1).outcome, 'conflict')
  assert.match(rows.at(-1).body, /"fast"/)
  assert.equal(cases, 1)
})

test('one refused row among good ones stops nobody and ends', async () => {
  const office = await openOffice()
  const client = new WatermelonClient(await enrol(office))
  await client.syncAll()
  const good = await client.create('visit', aVisit(office))
  const bad = await client.create('visit', aVisit(office, { outcome: 'no such word' }))
  const money = await client.create('collection', aCollection(office))

  await client.sync()

  assert.deepEqual(client.pushes[0].pushed.experimentalRejectedIds, { visit: [bad], collection: [money] })
  assert.ok(client.pushes[0].pushed.reasons.collection[money].errors.entity.en)
  assert.equal(await client.unsent(), true)

  await client.syncAll()

  assert.ok(await client.see('visit', good))
  assert.equal(await client.see('visit', bad), undefined)
  assert.equal(await client.see('collection', money), undefined)
  assert.equal(await client.unsent(), false)
  assert.deepEqual(Object.keys(await recordsOf(office, 'visit', [good, bad])), [good])
  assert.deepEqual(await recordsOf(office, 'collection', [money]), {})
  const { rows, cases } = await logOf(office, client.phone)
  assert.equal(rows.filter((row) => row.outcome === 'rejected').length, 2)
  assert.ok(rows.some((row) => row.body.includes('Q3-000043')), 'the refused money can be read in the log')
  assert.equal(cases, 0)
})

test('what the office writes is put right when the phone edits or deletes it', async () => {
  const office = await openOffice()
  const client = new WatermelonClient(await enrol(office))
  await client.syncAll()
  const name = (await client.see('consumer', office.consumers[0])).name

  await client.edit('consumer', office.consumers[0], { name: 'Somebody else' })
  await client.remove('consumer', office.consumers[1])
  await client.syncAll()
  await client.syncAll()

  assert.equal((await client.see('consumer', office.consumers[0])).name, name)
  assert.ok(await client.see('consumer', office.consumers[1]))
  assert.equal(await client.unsent(), false)
})

test('a row that was made and deleted offline is nothing to the server', async () => {
  const office = await openOffice()
  const client = new WatermelonClient(await enrol(office))
  await client.syncAll()
  const id = await client.create('meter_issue', anIssue(office))
  await client.remove('meter_issue', id)

  await client.syncAll()

  assert.deepEqual((await logOf(office, client.phone)).rows, [])
  assert.equal(await client.unsent(), false)
})

test('an issue that is deleted on one phone goes from the other', async () => {
  const office = await openOffice()
  const one = new WatermelonClient(await enrol(office))
  const other = new WatermelonClient(await enrol(office, 0, '2'))
  const id = await one.create('meter_issue', anIssue(office))
  await one.syncAll()
  await other.syncAll()

  await other.remove('meter_issue', id)
  await other.syncAll()
  await one.syncAll()

  assert.equal(await one.see('meter_issue', id), undefined)
  assert.deepEqual(await recordsOf(office, 'meter_issue', [id]), {})
})

test('an answer lost after the commit does no harm, even with another edit before the repeat', async () => {
  const office = await openOffice()
  const phone = await enrol(office)
  const network = await ask('network', { method: 'POST', fates: ['answer lost'] })
  const client = new WatermelonClient(phone, network)
  await client.syncAll()
  const issue = await client.create('meter_issue', anIssue(office))
  const visit = await client.create('visit', aVisit(office))

  await assert.rejects(client.sync())
  await client.edit('meter_issue', issue, { remark: 'edited after the loss' })
  await client.syncAll()
  await client.syncAll()

  assert.equal(await client.unsent(), false)
  const stored = (await recordsOf(office, 'meter_issue', [issue]))[issue]
  assert.equal(stored.remark, 'edited after the loss')
  const { rows } = await logOf(office, phone)
  assert.deepEqual(rows.map((row) => row.outcome), ['applied', 'applied', 'applied'])
  assert.equal(rows.filter((row) => row.record_id === visit).length, 1)
})

test('503 and 429 cost nothing but time', async () => {
  const office = await openOffice()
  const network = await ask('network', { method: 'POST', fates: ['503', '429'] })
  const client = new WatermelonClient(await enrol(office), network)
  await client.syncAll()
  const id = await client.create('visit', aVisit(office))

  await assert.rejects(client.sync(), /503/)
  await assert.rejects(client.sync(), /429/)
  await client.syncAll()

  assert.deepEqual(Object.keys(await recordsOf(office, 'visit', [id])), [id])
  assert.equal(await client.unsent(), false)
})

test('a server that is killed and started again is gone on with', async () => {
  const office = await openOffice()
  const client = new WatermelonClient(await enrol(office))
  await client.syncAll()
  const first = await client.create('visit', aVisit(office))
  await client.syncAll()
  await ask('restart')
  const second = await client.create('visit', aVisit(office))

  await client.syncAll()

  assert.equal(Object.keys(await recordsOf(office, 'visit', [first, second])).length, 2)
})

test('a round that is taken away waits for the unsent work, then goes', async () => {
  const office = await openOffice()
  const phone = await enrol(office)
  const network = await ask('network', { method: 'POST', fates: ['503'] })
  const client = new WatermelonClient(phone, network)
  const colleague = new WatermelonClient(await enrol(office, 1))
  await client.syncAll()
  await client.edit('stop', office.stops[0], { state: 'visited', outcome: 'not_home' })
  const visit = await client.create('visit', aVisit(office, { stop_id: office.stops[0] }))
  await reassign(office, 1)

  // The pull tells of the loss, and the push that follows fails: nothing may be gone yet.
  await assert.rejects(client.sync(), /503/)
  const marked = await client.see('stop', office.stops[0])
  assert.deepEqual([marked.leaving, marked.state], [true, 'visited'])

  await client.syncAll()
  await client.syncAll()

  assert.equal(await client.see('stop', office.stops[0]), undefined)
  assert.equal(await client.see('round', office.round_id), undefined)
  assert.ok(await client.see('visit', visit))
  assert.equal(await client.unsent(), false)
  assert.deepEqual(Object.keys(await recordsOf(office, 'visit', [visit])), [visit])
  const { rows } = await logOf(office, phone)
  assert.ok(rows.some((row) => row.entity === 'stop' && row.body.includes('visited')), 'the step arrived')
  await colleague.syncAll()
  assert.ok(await colleague.see('stop', office.stops[0]))
  assert.equal((await colleague.all('consumer')).length, 3)
})

test('a client that never says what it has not sent is deleted nothing of its own', async () => {
  const office = await openOffice()
  const client = new WatermelonClient(await enrol(office), { sayPending: false })
  await client.syncAll()
  await reassign(office, 1)

  for (let time = 0; time < 3; time += 1) await client.sync()

  assert.equal((await client.see('stop', office.stops[0])).leaving, true)
})

test('sixteen writers at once converge', async () => {
  const office = await openOffice()
  const phones = await Promise.all(Array.from({ length: 16 }, (_, n) => enrol(office, 0, String(n))))
  const clients = phones.map((phone) => new WatermelonClient(phone))
  const shared = await clients[0].create('meter_issue', anIssue(office))
  for (const client of clients) await client.syncAll()

  await Promise.all(clients.map(async (client, n) => {
    await client.create('visit', aVisit(office, { remark: `writer ${n}` }))
    if (n % 2) await client.edit('meter_issue', shared, { reading_kwh: n })
    else await client.edit('meter_issue', shared, { severity: n % 4 ? 'high' : 'low' })
    await client.syncAll()
  }))
  for (let time = 0; time < 2; time += 1) await Promise.all(clients.map((client) => client.syncAll()))

  const expected = await Promise.all(['visit', 'meter_issue'].map((table) => clients[0].all(table)))
  assert.equal(expected[0].length, 16)
  for (const client of clients) {
    assert.equal(await client.unsent(), false)
    assert.deepEqual((await client.all('visit')).map(said), expected[0].map(said))
    assert.deepEqual((await client.all('meter_issue')).map(said), expected[1].map(said))
  }
  const stored = (await recordsOf(office, 'meter_issue', [shared]))[shared]
  assert.equal(stored.reading_kwh, expected[1][0].reading_kwh)
})
