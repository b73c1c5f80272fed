// The schemas of an RxDB app: our documents without nulls, unknown fields refused.
const text = { type: 'string' }
const whole = { type: 'integer' }
const flag = { type: 'boolean' }
const things = { type: 'object' }
const common = { id: { type: 'string', maxLength: 40 }, version: whole }
const timed = { ...common, occurred_at: text }

const ENTITIES = {
  directory: [{ ...common, account_no: text, name: text, address: text, area_id: text, walk_order: whole,
    supply_state: text, name_ur: text }, ['account_no', 'name', 'address', 'area_id']],
  stop: [{ ...timed, round_id: text, account_no: text, walk_order: whole, reason: text, expected_paisa: whole,
    state: text, outcome: text, skipped_because: text },
    ['round_id', 'account_no', 'walk_order', 'expected_paisa', 'state']],
  visit: [{ ...timed, account_no: text, stop_id: text, outcome: text, promise_date: text, promise_paisa: whole,
    remark: text, evidence: things }, ['account_no', 'outcome']],
  meter_issue: [{ ...timed, account_no: text, meter_no_seen: text, fault_code: text, severity: text,
    safety: flag, reading_kwh: whole, remark: text, reported_to_118_no: text, evidence: things, state: text },
    ['account_no', 'fault_code', 'severity', 'safety']],
  collection: [{ ...timed, account_no: text, receipt_no: text, tender: text, amount_paisa: whole, state: text },
    ['receipt_no', 'tender', 'amount_paisa']],
}

export function schemaOf(entity) {
  const [properties, required] = ENTITIES[entity]
  return {
    title: entity,
    version: 0,
    primaryKey: 'id',
    type: 'object',
    properties,
    required: ['id', ...required],
    additionalProperties: false,
  }
}
