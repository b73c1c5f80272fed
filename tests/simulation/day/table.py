"""The evening's table: facts by kind and outcome, cash by officer, the sums of both sides."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.simulation.day.network import Fault
from tests.simulation.day.oracle import Figures, Notebook
from tests.simulation.day.street import MovedRound

OUTCOMES_FIRST = ("applied", "merged", "waiting")


def show(console: Console, figures: Figures, names: dict[str, str], faults: Counter[Fault]) -> None:
    """Print what the day has come to; `names` are staff numbers by id."""
    console.print(_facts(figures))
    console.print(_cash(figures, names))
    console.print(_sums(figures))
    console.print(_held(figures))
    console.print(_entries(figures))
    said = ", ".join(f"{count} {fault.value}" for fault, count in faults.most_common())
    console.print(f"Requests: {said}")


def show_moved(console: Console, moved: Sequence[MovedRound]) -> None:
    """Print what became of the rounds that went to somebody else at noon."""
    table = Table(title="Rounds moved at noon")
    for column in ("round", "from", "unsent then", "his phone now", "to", "that phone now"):
        table.add_column(column)
    for one in moved:
        table.add_row(
            one.round_id[-12:],
            one.giver.person.staff_no,
            str(one.unsent),
            one.giver_has,
            one.taker.person.staff_no,
            one.taker_has,
        )
    console.print(table)


def show_lost(console: Console, notebook: Notebook, report: Mapping[str, Any]) -> None:
    """Print what the lost phone took with it, as the office was told of it."""
    lost = sum(one.amount_paisa for one in notebook.lost_receipts)
    numbers = sorted(one.receipt_no for one in notebook.lost_receipts)
    console.print(
        f"Lost phone ({report['state']}): {len(notebook.lost_facts)} facts had not been sent, "
        f"{len(numbers)} receipts of Rs {rupees(lost)} among them."
    )
    for block in report["blocks"]:
        gaps = ", ".join("…".join(dict.fromkeys(gap)) for gap in block["missing"]) or "none"
        console.print(
            f"Missing receipts by the report: {gaps} below {block['last_used']}, "
            f"and whatever was printed after it. Payers hold: {', '.join(numbers) or 'none'}."
        )


def rupees(paisa: int) -> str:
    return f"{paisa / 100:,.2f}"


def _facts(figures: Figures) -> Table:
    found = {word for _, word in figures.outcomes}
    words = [word for word in OUTCOMES_FIRST if word in found]
    words += sorted(found - set(words))
    table = Table(title="Facts by kind and outcome")
    table.add_column("kind")
    for word in (*words, "all"):
        table.add_column(word, justify="right")
    for entity in sorted({entity for entity, _ in figures.outcomes}):
        counts = [figures.outcomes[(entity, word)] for word in words]
        table.add_row(entity, *(str(n or "") for n in counts), str(sum(counts)))
    totals = [sum(n for (_, w), n in figures.outcomes.items() if w == word) for word in words]
    table.add_section()
    table.add_row("all", *map(str, totals), str(sum(totals)))
    return table


def _cash(figures: Figures, names: dict[str, str]) -> Table:
    table = Table(title="Cash by officer = custody account 1010 (Rs)")
    for column in ("officer", "date"):
        table.add_column(column)
    for column in ("receipts", "shown to payers", "in custody"):
        table.add_column(column, justify="right")
    rows = []
    for session, receipts, shown, held in figures.cash:
        officer_id, _, date = session.partition("/")
        name = names.get(officer_id, officer_id)
        rows.append((name, date, str(receipts), rupees(shown), rupees(held)))
    for row in sorted(rows):
        table.add_row(*row)
    table.add_section()
    sums = [sum(row[place] for row in figures.cash) for place in (1, 2, 3)]
    table.add_row("all", "", str(sums[0]), rupees(sums[1]), rupees(sums[2]))
    return table


def _sums(figures: Figures) -> Table:
    table = Table(title="The dictionary against the books (paisa, and counts)")
    table.add_column("what")
    for column in ("by the dictionary", "by SQL"):
        table.add_column(column, justify="right")
    table.add_column("")
    for what, expected, found in figures.lines:
        table.add_row(what, f"{expected:,}", f"{found:,}", "=" if expected == found else "≠")
    return table


def _held(figures: Figures) -> Table:
    table = Table(title="Held and why (Rs)")
    table.add_column("code")
    table.add_column("why")
    for column in ("facts", "by the dictionary", "in the log"):
        table.add_column(column, justify="right")
    for code, why, count, expected, found in figures.held:
        table.add_row(code, why, str(count), rupees(expected), rupees(found))
    return table


def _entries(figures: Figures) -> Table:
    table = Table(title="Entries of the day")
    table.add_column("kind")
    table.add_column("entries", justify="right")
    for kind, count in sorted(figures.kinds.items()):
        table.add_row(kind, str(count))
    table.add_section()
    table.add_row("all", str(figures.entries))
    return table
