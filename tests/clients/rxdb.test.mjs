import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Worker } from 'node:worker_threads'

import {
  aCollection, anIssue, ask, aVisit, enrol, logOf, openOffice, reassign, recordsOf, until,
} from './lib.mjs'
import { closeAll, RxdbClient } from './rxdb_client.mjs'

after(closeAll)

test('pages of any size bring everything, and deleted rows fit the schema', async () => {
  const office = await openOffice()
  const client = await new RxdbClient(await enrol(office), { batchSize: 2 }).open('stop', 'meter_issue')

  assert.equal((await client.all('stop')).length, 3)
  assert.ok(client.pages.some((page) => page.documents.length === 2))
  const id = (await client.database.meter_issue.insert(anIssue(office))).id
  await client.syncAll()
  const other = await new RxdbClient(await enrol(office, 0, '2')).open('meter_issue')
  await other.remove('meter_issue', id)
  await other.syncAll()
  await client.syncAll()

  assert.equal(await client.see('meter_issue', id), undefined)
  assert.deepEqual(client.errors, [])
  await Promise.all([client.close(), other.close()])
})

test('two clients converge over edits of different fields', async () => {
  const office = await openOffice()
  const one = await new RxdbClient(await enrol(office)).open('meter_issue')
  const other = await new RxdbClient(await enrol(office, 0, '2')).open('meter_issue')
  const { id } = await one.database.meter_issue.insert(anIssue(office))
  for (const client of [one, other]) await client.syncAll()

  await Promise.all([
    one.edit('meter_issue', id, { remark: 'burnt smell' }),
    other.edit('meter_issue', id, { severity: 'high', evidence: { battery_pct: 80 } }),
  ])
  for (const client of [one, other, one, other]) await client.syncAll()

  const mine = await one.see('meter_issue', id)
  assert.deepEqual(mine, await other.see('meter_issue', id))
  assert.deepEqual([mine.remark, mine.severity], ['burnt smell', 'high'])
  assert.deepEqual((await recordsOf(office, 'meter_issue', [id]))[id].evidence, { battery_pct: 80 })
  await Promise.all([one.close(), other.close()])
})

test('two writers of one field make a conflict case, and both take the master', async () => {
  const office = await openOffice()
  const phone = await enrol(office)
  const one = await new RxdbClient(phone).open('meter_issue')
  const other = await new RxdbClient(await enrol(office, 0, '2')).open('meter_issue')
  const { id } = await one.database.meter_issue.insert(anIssue(office))
  await one.syncAll()
  await other.syncAll()
  await other.edit('meter_issue', id, { fault_code: 'reversed' })
  await other.syncAll()

  await one.edit('meter_issue', id, { fault_code: 'fast' })
  await one.syncAll()

  assert.equal((await one.see('meter_issue', id)).fault_code, 'reversed')
  const { rows, cases } = await logOf(office, phone)
  assert.equal(rows.at(-1).outcome, 'conflict')
  assert.match(rows.at(-1).body, /"fast"/)
  assert.equal(cases, 1)
  await Promise.all([one.close(), other.close()])
})

test('a second offline edit before any pull is no conflict with oneself', async () => {
  const office = await openOffice()
  const client = await new RxdbClient(await enrol(office)).open('meter_issue')
  const { id } = await client.database.meter_issue.insert(anIssue(office))
  await client.running.meter_issue.awaitInSync()
  await client.edit('meter_issue', id, { remark: 'second' })
  await client.running.meter_issue.awaitInSync()
  await client.edit('meter_issue', id, { remark: 'stands still' })
  await client.syncAll()
  await client.edit('meter_issue', id, { remark: 'second' })
  await client.syncAll()

  assert.equal((await recordsOf(office, 'meter_issue', [id]))[id].remark, 'second')
  assert.equal((await client.see('meter_issue', id)).remark, 'second')
  assert.ok(client.pushes.every((push) => push.conflicts.length === 0))
  await client.close()
})

test('one refused row among good ones stops nobody', async () => {
  const office = await openOffice()
  const phone = await enrol(office)
  const client = await new RxdbClient(phone).open('visit', 'collection')
  const good = [aVisit(office), aVisit(office)]
  const bad = aVisit(office, { outcome: 'no such word' })
  const money = aCollection(office)

  await client.database.visit.bulkInsert([good[0], bad, good[1]])
  await client.database.collection.insert(money)
  await client.syncAll()

  assert.deepEqual((await client.all('visit')).map((doc) => doc.id), good.map((doc) => doc.id).sort())
  assert.deepEqual(await client.all('collection'), [])
  assert.deepEqual(await recordsOf(office, 'collection', [money.id]), {})
  const { rows, cases } = await logOf(office, phone)
  assert.equal(rows.filter((row) => row.outcome === 'rejected').length, 2)
  assert.ok(rows.some((row) => row.body.includes('Q3-000043')), 'the refused money can be read in the log')
  assert.equal(cases, 0)
  assert.deepEqual(client.errors, [])
  await client.close()
})

test('what the office writes comes back when the phone edits it', async () => {
  const office = await openOffice()
  const client = await new RxdbClient(await enrol(office)).open('stop', 'visit')
  const visit = await client.database.visit.insert(aVisit(office))
  await client.syncAll()

  await client.edit('stop', office.stops[0], { expected_paisa: 1 })
  await client.remove('visit', visit.id)
  await client.syncAll()

  assert.equal((await client.see('stop', office.stops[0])).expected_paisa, 100)
  assert.ok(await client.see('visit', visit.id), 'what happened is not deleted')
  await client.close()
})

test('an answer lost after the commit is repeated without harm', async () => {
  const office = await openOffice()
  const phone = await enrol(office)
  const network = await ask('network', { method: 'POST', fates: ['answer lost', 'answer lost'] })
  const client = await new RxdbClient(phone, network).open('visit', 'meter_issue')

  const visit = await client.database.visit.insert(aVisit(office))
  const issue = await client.database.meter_issue.insert(anIssue(office))
  await until(async () => client.pushes.length > 0, 'a push is answered')
  await client.edit('meter_issue', issue.id, { remark: 'edited after the loss' })
  await client.syncAll()

  const { rows } = await logOf(office, phone)
  assert.equal(rows.filter((row) => row.record_id === visit.id).length, 1)
  assert.ok(rows.every((row) => row.outcome === 'applied'))
  const stored = (await recordsOf(office, 'meter_issue', [issue.id]))[issue.id]
  assert.equal(stored.remark, 'edited after the loss')
  await client.close()
})

test('503, 429 and a killed server cost nothing but time', async () => {
  const office = await openOffice()
  const network = await ask('network', { method: 'POST', fates: ['503', '429'] })
  const client = await new RxdbClient(await enrol(office), network).open('visit')

  const first = await client.database.visit.insert(aVisit(office))
  await client.syncAll()
  assert.equal(client.errors.length, 2)
  const [restarted, second] = await Promise.all([
    ask('restart'), client.database.visit.insert(aVisit(office)),
  ])
  assert.deepEqual(restarted, {})
  await until(async () => Object.keys(await recordsOf(office, 'visit', [second.id])).length === 1, 'it arrives')
  await client.syncAll()

  assert.equal(Object.keys(await recordsOf(office, 'visit', [first.id, second.id])).length, 2)
  await client.close()
})

test('an edit of a round that was taken away arrives, and the round goes', async () => {
  const office = await openOffice()
  const phone = await enrol(office)
  const network = await ask('network', { method: 'POST', fates: Array(5).fill('503') })
  const client = await new RxdbClient(phone, network).open('stop', 'visit')

  await client.edit('stop', office.stops[0], { state: 'visited', outcome: 'not_home' })
  const visit = await client.database.visit.insert(aVisit(office, { stop_id: office.stops[0] }))
  await reassign(office, 1)
  client.resync.stop.next('RESYNC')
  await client.syncAll()
  await until(async () => {
    await client.syncAll()
    return (await client.all('stop')).length === 0
  }, 'the stops go')

  assert.deepEqual(Object.keys(await recordsOf(office, 'visit', [visit.id])), [visit.id])
  const { rows } = await logOf(office, phone)
  assert.ok(rows.some((row) => row.entity === 'stop' && row.body.includes('visited')), 'the step arrived')
  const colleague = await new RxdbClient(await enrol(office, 1)).open('stop')
  assert.equal((await colleague.all('stop')).length, 3)
  await Promise.all([client.close(), colleague.close()])
})

test('sixteen writers at once converge', async () => {
  const office = await openOffice()
  const phones = await Promise.all(Array.from({ length: 16 }, (_, n) => enrol(office, 0, String(n))))
  const first = await new RxdbClient(phones[0]).open('meter_issue')
  const shared = await first.database.meter_issue.insert(anIssue(office))
  await first.syncAll()
  await first.close()

  // Four to a thread: the free RxDB opens at most 13 collections in one.
  const threads = [0, 4, 8, 12].map((from) => new Worker(new URL('./rxdb_writers.mjs', import.meta.url), {
    workerData: { office, from, phones: phones.slice(from, from + 4), shared: shared.id },
  }))
  const say = (word) => Promise.all(threads.map((thread) => {
    const heard = new Promise((hear, fail) => thread.once('message', hear).once('error', fail))
    thread.postMessage(word)
    return heard
  }))
  await say('open')
  await say('write')
  await say('settle')
  const seen = (await say('tell')).flat()
  await Promise.all(threads.map((thread) => thread.terminate()))

  const stored = (await recordsOf(office, 'meter_issue', [shared.id]))[shared.id]
  assert.equal(seen.length, 16)
  for (const { visits, issue } of seen) {
    assert.equal(visits.length, 16)
    assert.deepEqual(visits, seen[0].visits)
    assert.deepEqual([issue.reading_kwh, issue.severity], [stored.reading_kwh, stored.severity])
  }
})
