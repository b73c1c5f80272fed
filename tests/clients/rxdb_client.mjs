// RxDB 17 in memory with its own replication plugin: the wire of rxdb-server in a few lines.
import { randomUUID } from 'node:crypto'

import { addRxPlugin, createRxDatabase } from 'rxdb/plugins/core'
import { RxDBDevModePlugin, disableWarnings } from 'rxdb/plugins/dev-mode'
import { replicateRxCollection } from 'rxdb/plugins/replication'
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory'
import { wrappedValidateAjvStorage } from 'rxdb/plugins/validate-ajv'
import { Subject } from 'rxjs'

import { schemaOf } from './rxdb_schemas.mjs'

disableWarnings()
addRxPlugin(RxDBDevModePlugin)

export const SCHEMA_VERSION = 1
export const RETRY_MS = 200

const opened = new Set()
export const closeAll = () => Promise.all([...opened].map((client) => client.close()))

export class RxdbClient {
  constructor(phone, { url = phone.url, batchSize = 100 } = {}) {
    Object.assign(this, { phone, url, batchSize, running: {}, resync: {}, pulls: [], pushes: [], pages: [] })
  }

  async open(...entities) {
    opened.add(this)
    // With a validator, so that a document of ours that does not fit the schema is an error.
    this.database = await createRxDatabase({
      name: `db${randomUUID().replaceAll('-', '')}`,
      storage: wrappedValidateAjvStorage({ storage: getRxStorageMemory() }),
    })
    await this.database.addCollections(
      Object.fromEntries(entities.map((entity) => [entity, { schema: schemaOf(entity) }])))
    for (const entity of entities) this.start(entity)
    await this.syncAll()
    return this
  }

  start(entity) {
    const base = `${this.url}/api/v1/rxdb/${entity}/${SCHEMA_VERSION}`
    this.resync[entity] = new Subject()
    const state = replicateRxCollection({
      collection: this.database[entity],
      replicationIdentifier: `${this.url}/${entity}`,
      live: true,
      retryTime: RETRY_MS,
      pull: {
        batchSize: this.batchSize,
        stream$: this.resync[entity].asObservable(),
        handler: async (checkpoint, limit) => {
          const { id = '', lwt = 0 } = checkpoint ?? {}
          const page = await this.#fetch(`${base}/pull?lwt=${lwt}&id=${encodeURIComponent(id)}&limit=${limit}`)
          this.pages.push(page)
          return page
        },
      },
      push: {
        batchSize: this.batchSize,
        handler: async (rows) => {
          const conflicts = await this.#fetch(`${base}/push`, { method: 'POST', body: JSON.stringify(rows) })
          this.pushes.push({ entity, rows, conflicts })
          return conflicts
        },
      },
    })
    this.errors = []
    state.error$.subscribe((error) => this.errors.push(error))
    this.running[entity] = state
  }

  async #fetch(url, more = {}) {
    const headers = { Authorization: `Bearer ${this.phone.token}`, 'Content-Type': 'application/json' }
    const answer = await fetch(url, { headers, ...more })
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
    return answer.json()
  }

  async syncAll() {
    for (const [entity, state] of Object.entries(this.running)) {
      await state.awaitInitialReplication()
      await state.awaitInSync()
      this.resync[entity].next('RESYNC')
      await state.awaitInSync()
    }
  }

  async all(entity) {
    const found = await this.database[entity].find().exec()
    return found.map((doc) => doc.toJSON()).sort((one, other) => (one.id < other.id ? -1 : 1))
  }

  async see(entity, id) {
    return (await this.database[entity].findOne(id).exec())?.toJSON()
  }

  async edit(entity, id, fields) {
    const doc = await this.database[entity].findOne(id).exec()
    await doc.incrementalPatch(fields)
  }

  async remove(entity, id) {
    await (await this.database[entity].findOne(id).exec()).remove()
  }

  close() {
    opened.delete(this)
    return this.database.close()
  }
}
