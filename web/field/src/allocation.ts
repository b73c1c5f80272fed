/** Which bills a payment pays: the oldest first, as the books do it. */

export interface OpenBill {
  invoice_no: string;
  open_paisa: number;
}

export interface Allocation {
  bills: { invoice_no: string; paisa: number; rest_paisa: number }[];
  advance_paisa: number;
  stays_due_paisa: number;
}

/** `taken_paisa` was taken before and is not in the books' position yet: it pays first. */
export function allocate(bills: readonly OpenBill[], amountPaisa: number, takenPaisa = 0): Allocation {
  let taken = takenPaisa;
  let left = amountPaisa;
  let due = 0;
  const paid: Allocation['bills'] = [];
  for (const { invoice_no, open_paisa } of bills) {
    const before = Math.min(taken, open_paisa);
    taken -= before;
    const open = open_paisa - before;
    const paisa = Math.min(left, open);
    left -= paisa;
    due += open - paisa;
    if (paisa > 0) paid.push({ invoice_no, paisa, rest_paisa: open - paisa });
  }
  return { bills: paid, advance_paisa: left, stays_due_paisa: due };
}
