// The world of the tests (world.py), and what every client needs: an issue as the packages spell it.
import { randomUUID } from 'node:crypto'

export async function ask(deed, args = {}) {
  const answer = await fetch(`${process.env.WORLD}/${deed}`, { method: 'POST', body: JSON.stringify(args) })
  return answer.json()
}

export const openOffice = () => ask('office')
export const enrol = (office, officer = 0, name = '1') => ask('phone', { code: office.code, officer, name })
export const recordsOf = (office, entity, ids) => ask('records', { code: office.code, entity, ids })
export const logOf = (office, phone) => ask('log', { code: office.code, device_id: phone.device_id })
export const reassign = (office, officer) =>
  ask('write', {
    code: office.code,
    entity: 'round',
    record_id: office.round_id,
    fields: { officer_id: office.officers[officer] },
  })

export function anIssue(office, more = {}) {
  return {
    id: randomUUID(),
    occurred_at: '2026-04-08T08:59:00.000Z',
    account_no: office.accounts[0],
    fault_code: 'stuck',
    severity: 'normal',
    safety: false,
    remark: 'stands still',
    ...more,
  }
}

export function aVisit(office, more = {}) {
  return {
    id: randomUUID(),
    occurred_at: '2026-04-08T09:01:00.000Z',
    account_no: office.accounts[0],
    outcome: 'not_home',
    ...more,
  }
}

export function aCollection(office) {
  return {
    id: randomUUID(),
    occurred_at: '2026-04-08T09:01:00.000Z',
    account_no: office.accounts[0],
    receipt_no: 'Q3-000043',
    tender: 'cash',
    amount_paisa: 50000,
  }
}

export async function until(what, said, seconds = 20) {
  const end = Date.now() + seconds * 1000
  while (Date.now() < end) {
    if (await what()) return
    await new Promise((wake) => setTimeout(wake, 50))
  }
  throw new Error(`never came true: ${said}`)
}
