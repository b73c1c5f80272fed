// rxdb-server's own client, unmodified, with the rxdb of its time.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'

import { createRxDatabase } from 'rxdb/plugins/core'
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory'
import { wrappedValidateAjvStorage } from 'rxdb/plugins/validate-ajv'
import { replicateServer } from 'rxdb-server/plugins/replication-server'

import { anIssue, aVisit, enrol, openOffice, reassign, recordsOf, until } from '../lib.mjs'
import { schemaOf } from '../rxdb_schemas.mjs'

const opened = []
after(() => Promise.all(opened.map((database) => database.remove())))

async function open(phone, entity, { url = phone.url, version = 1, live = true, token = phone.token } = {}) {
  const database = await createRxDatabase({
    name: `db${randomUUID().replaceAll('-', '')}`,
    storage: wrappedValidateAjvStorage({ storage: getRxStorageMemory() }),
    multiInstance: false,
  })
  opened.push(database)
  const collections = await database.addCollections({ [entity]: { schema: schemaOf(entity) } })
  const collection = collections[entity]
  const replication = await replicateServer({
    collection,
    replicationIdentifier: randomUUID(),
    url: `${url}/api/v1/rxdb/${entity}/${version}`,
    headers: { Authorization: `Bearer ${token}` },
    pull: {},
    push: {},
    live,
    retryTime: 200,
  })
  return { database, collection, replication }
}

const ids = async (collection) => (await collection.find().exec()).map((doc) => doc.primary).sort()

test('pull, push and the stream of hints bring two clients together', async () => {
  const office = await openOffice()
  const one = await open(await enrol(office), 'meter_issue')
  const other = await open(await enrol(office, 0, '2'), 'meter_issue')
  await Promise.all([one, other].map(({ replication }) => replication.awaitInitialReplication()))

  const doc = await one.collection.insert(anIssue(office))
  await until(async () => (await ids(other.collection)).includes(doc.id), 'the hint is heard', 15)
  const theirs = await other.collection.findOne(doc.id).exec()
  await theirs.patch({ severity: 'high' })

  await until(async () => (await one.collection.findOne(doc.id).exec()).severity === 'high', 'and back', 15)
  assert.equal((await recordsOf(office, 'meter_issue', [doc.id]))[doc.id].severity, 'high')
})

test('a refused row stops nobody, and a taken round goes', async () => {
  const office = await openOffice()
  const phone = await enrol(office)
  const visits = await open(phone, 'visit', { live: false })
  const good = aVisit(office)
  await visits.collection.bulkInsert([aVisit(office, { outcome: 'no such word' }), good])
  await visits.replication.awaitInSync()
  assert.deepEqual(await ids(visits.collection), [good.id])

  const stops = await open(phone, 'stop')
  await stops.replication.awaitInitialReplication()
  assert.equal((await ids(stops.collection)).length, 3)
  await reassign(office, 1)
  await until(async () => (await ids(stops.collection)).length === 0, 'the stops go', 15)
})

test('an outdated app is told so when it pulls, and what it pushes is taken', async () => {
  const office = await openOffice()
  const phone = await enrol(office)
  const old = await open(phone, 'visit', { version: 0, live: false })
  let told = 0
  old.replication.outdatedClient$.subscribe(() => { told += 1 })
  await until(async () => told > 0, 'it is told')

  const visit = aVisit(office)
  const answer = await fetch(`${phone.url}/api/v1/rxdb/visit/0/push`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${phone.token}` },
    body: JSON.stringify([{ newDocumentState: { ...visit, _deleted: false } }]),
  })
  assert.deepEqual(await answer.json(), [])
  assert.ok((await recordsOf(office, 'visit', [visit.id]))[visit.id])
})

test('a token that is not ours is unauthorized, and the next one goes on', async () => {
  const office = await openOffice()
  const phone = await enrol(office)
  const client = await open(phone, 'stop', { token: 'nonsense', live: false })
  let told = 0
  client.replication.unauthorized$.subscribe(() => {
    told += 1
    client.replication.setHeaders({ Authorization: `Bearer ${phone.token}` })
  })
  await client.replication.awaitInitialReplication()

  assert.ok(told > 0)
  assert.equal((await ids(client.collection)).length, 3)
})

test('idle listeners leave threads for work', async () => {
  const office = await openOffice()
  const phone = await enrol(office)
  const url = `${phone.url}/api/v1/rxdb/visit/1`
  const options = { headers: { Authorization: `Bearer ${phone.token}` } }
  const leaving = new AbortController()

  const streams = await Promise.all(Array.from({ length: 16 }, () =>
    fetch(`${url}/pullStream`, { ...options, signal: leaving.signal })))
  const statuses = streams.map((answer) => answer.status)
  const pulled = await fetch(`${url}/pull?lwt=0&id=&limit=10`, options)
  leaving.abort()

  assert.equal(pulled.status, 200)
  assert.ok(statuses.includes(503) && statuses.includes(200), String(statuses))
  assert.ok(statuses.filter((status) => status === 200).length <= 4, String(statuses))
})
