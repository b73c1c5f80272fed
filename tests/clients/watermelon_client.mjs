// WatermelonDB with LokiJS in memory, and an app's pullChanges and pushChanges as our page describes them.
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const { appSchema, Database, Model, tableSchema } = require('@nozbe/watermelondb')
const { default: LokiJSAdapter } = require('@nozbe/watermelondb/adapters/lokijs')
const { synchronize, hasUnsyncedChanges } = require('@nozbe/watermelondb/sync')
require('@nozbe/watermelondb/utils/common/logger').default.silence()

const text = (name) => ({ name, type: 'string', isOptional: true })
const number = (name) => ({ name, type: 'number', isOptional: true })
const flag = (name) => ({ name, type: 'boolean', isOptional: true })
const common = [number('version'), flag('leaving')]

const TABLES = {
  consumer: [text('account_no'), text('name'), text('flags'), number('source_as_of'), number('lat_e6')],
  position: [text('account_no'), number('due_paisa')],
  round: [number('occurred_at'), text('state'), text('officer_id'), number('planned_count')],
  stop: [number('occurred_at'), text('round_id'), text('account_no'), number('walk_order'),
    number('expected_paisa'), text('state'), text('outcome'), text('skipped_because')],
  visit: [number('occurred_at'), text('account_no'), text('stop_id'), text('outcome'), text('remark'),
    text('promise_date'), text('evidence')],
  meter_issue: [number('occurred_at'), text('account_no'), text('fault_code'), text('severity'),
    flag('safety'), number('reading_kwh'), text('remark'), text('evidence'), text('state')],
  collection: [number('occurred_at'), text('account_no'), text('receipt_no'), text('tender'),
    number('amount_paisa')],
}

const schema = appSchema({
  version: 1,
  tables: Object.entries(TABLES).map(([name, columns]) =>
    tableSchema({ name, columns: [...columns, ...common] })),
})
const modelClasses = Object.keys(TABLES).map((name) => class extends Model {
  static table = name
})

let made = 0

export class WatermelonClient {
  constructor(phone, { url = phone.url, sayPending = true } = {}) {
    Object.assign(this, { phone, url, sayPending, pulls: [], pushes: [] })
    made += 1
    const adapter = new LokiJSAdapter({
      schema,
      dbName: `phone-${made}`,
      useWebWorker: false,
      useIncrementalIndexedDB: false,
      extraLokiOptions: { autosave: false },
    })
    this.database = new Database({ adapter, modelClasses })
  }

  async sync({ beforePull } = {}) {
    await synchronize({
      database: this.database,
      sendCreatedAsUpdated: true,
      pullChanges: async (asked) => {
        if (beforePull) await beforePull()
        return this.#pull(asked)
      },
      pushChanges: (said) => this.#push(said),
    })
  }

  async syncAll() {
    do await this.sync()
    while (this.pulls.at(-1).has_more)
  }

  async #pull({ lastPulledAt, schemaVersion, migration }) {
    const asked = `last_pulled_at=${lastPulledAt}&schema_version=${schemaVersion}` +
      `&migration=${encodeURIComponent(JSON.stringify(migration))}`
    const pending = this.sayPending
      ? `&pending=${Number(await hasUnsyncedChanges({ database: this.database }))}` : ''
    const answer = await fetch(`${this.url}/api/v1/watermelon/sync?${asked}${pending}`, this.#headers())
    if (!answer.ok) throw new Error(`pull: ${answer.status} ${await answer.text()}`)
    const pulled = await answer.json()
    this.pulls.push(pulled)
    return pulled
  }

  async #push({ changes, lastPulledAt }) {
    const answer = await fetch(`${this.url}/api/v1/watermelon/sync?last_pulled_at=${lastPulledAt}`, {
      method: 'POST',
      body: JSON.stringify(changes),
      ...this.#headers(),
    })
    if (!answer.ok) throw new Error(`push: ${answer.status} ${await answer.text()}`)
    const pushed = await answer.json()
    this.pushes.push({ changes, pushed })
    return pushed
  }

  #headers() {
    return { headers: { Authorization: `Bearer ${this.phone.token}`, 'Content-Type': 'application/json' } }
  }

  async create(table, { id, ...fields }) {
    const raw = { ...fields, occurred_at: Date.parse(fields.occurred_at) }
    await this.database.write(() => this.database.get(table).create((record) => {
      record._raw.id = id
      for (const [name, value] of Object.entries(raw)) record._setRaw(name, value)
    }))
    return id
  }

  async edit(table, id, fields) {
    const record = await this.database.get(table).find(id)
    await this.database.write(() => record.update(() => {
      for (const [name, value] of Object.entries(fields)) record._setRaw(name, value)
    }))
  }

  async remove(table, id) {
    const record = await this.database.get(table).find(id)
    await this.database.write(() => record.markAsDeleted())
  }

  async see(table, id) {
    const rows = await this.database.get(table).query().fetch()
    return rows.find((row) => row.id === id)?._raw
  }

  async all(table) {
    const rows = await this.database.get(table).query().fetch()
    return rows.map((row) => row._raw).sort((one, other) => (one.id < other.id ? -1 : 1))
  }

  unsent() {
    return hasUnsyncedChanges({ database: this.database })
  }
}
