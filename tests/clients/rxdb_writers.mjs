// A thread of four RxDB clients that do, each when told, what the test of sixteen writers asks.
import { parentPort, workerData } from 'node:worker_threads'

import { aVisit } from './lib.mjs'
import { closeAll, RxdbClient } from './rxdb_client.mjs'

const { office, from, phones, shared } = workerData
const clients = phones.map((phone) => new RxdbClient(phone))
const content = ({ version, ...doc }) => doc
const each = (deed) => Promise.all(clients.map(deed))

const DEEDS = {
  open: () => each((client) => client.open('visit', 'meter_issue')),
  write: () => each(async (client, place) => {
    const n = from + place
    await client.database.visit.insert(aVisit(office, { remark: `writer ${n}` }))
    const fields = n % 2 ? { reading_kwh: n } : { severity: n % 4 ? 'high' : 'low' }
    await client.edit('meter_issue', shared, fields)
    await client.syncAll()
  }),
  settle: async () => {
    for (let time = 0; time < 2; time += 1) await each((client) => client.syncAll())
  },
  tell: async () => {
    const told = await each(async (client) => ({
      visits: (await client.all('visit')).map(content),
      issue: await client.see('meter_issue', shared),
    }))
    await closeAll()
    return told
  },
}

parentPort.on('message', async (word) => {
  const told = await DEEDS[word]()
  parentPort.postMessage(word === 'tell' ? told : word)
})
