"""The rules with dates that are known from outside, each with its source; KE's own words may replace them."""

from collections.abc import Iterator

from models.demo.record import Record, demo_id

Said = dict[str, object]

LATE_SURCHARGE, MARKUP, RECONNECTION = "late_surcharge", "instalment_markup", "reconnection_fee"

RULES: tuple[tuple[str, str, str, Said], ...] = (
    (
        LATE_SURCHARGE,
        "2010-01-01",
        "10 % flat before October 2024 (press, October 2024)",
        {"steps": [{"bp": 1_000}]},
    ),
    (
        LATE_SURCHARGE,
        "2024-10-21",
        "NEPRA, October 2024: 5 % within three days, 10 % after",
        {"steps": [{"up_to_days": 3, "bp": 500}, {"bp": 1_000}]},
    ),
    (MARKUP, "2024-06-06", "NEPRA, June 2024: 14 % a year, first part without", {"bp": 1_400}),
    (
        RECONNECTION,
        "2010-01-01",
        "Fees of 2016 (press, March 2016); in force in Karachi: to be confirmed",
        {
            "steps": [
                {"up_to_paisa": 500_000, "paisa": 10_000},
                {"up_to_paisa": 2_000_000, "paisa": 30_000},
                {"up_to_paisa": 10_000_000, "paisa": 90_000},
                {"up_to_paisa": 100_000_000, "paisa": 200_000},
                {"paisa": 250_000},
            ]
        },
    ),
    (
        RECONNECTION,
        "2021-01-01",
        "CSM-2021 as HESCO publishes it; in force in Karachi: to be confirmed",
        {
            "steps": [
                {"up_to_paisa": 500_000, "paisa": 50_000},
                {"up_to_paisa": 2_000_000, "paisa": 80_000},
                {"up_to_paisa": 10_000_000, "paisa": 200_000},
                {"up_to_paisa": 100_000_000, "paisa": 400_000},
                {"paisa": 1_000_000},
            ]
        },
    ),
    ("bounce_charge", "2010-01-01", "Default: no charge, amount not confirmed", {"paisa": 0}),
)
KEPT = {"photo": 1_096, "phone_number": 3_653, "receipt": 3_653, "log": 36_525}
"""For how many days what is kept, until somebody decides otherwise."""


def rules() -> Iterator[Record]:
    """Every rule that the product is shipped with."""
    for kind, begins, source, said in RULES:
        yield _rule(f"{kind}-{begins}", kind, begins, source, said)
    for about, days in KEPT.items():
        said = {"about": about, "keep_days": days}
        source = "Default, until a retention rule is decided"
        yield _rule(f"retention-{about}", "retention", "2010-01-01", source, said)


def _rule(rule_no: str, kind: str, begins: str, source: str, said: Said) -> Record:
    unsaid = dict.fromkeys(("about", "effective_until", "steps", "bp", "paisa", "keep_days"))
    fields = {
        **unsaid,
        "rule_no": rule_no,
        "kind": kind,
        "effective_from": begins,
        "source": source,
        **said,
    }
    return Record("rule", demo_id("rule", rule_no), fields)
