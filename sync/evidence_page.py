"""The readable page of an evidence pack, in English and Urdu: no script, nothing from anywhere else."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from infra.clock import rfc3339
from ledger.accounts import CHART

Row = Mapping[str, Any]

HEADINGS = {
    "title": ("Evidence", "شواہد"),
    "log": ("What was received and decided", "کیا موصول ہوا اور کیا فیصلہ ہوا"),
    "books": ("What the books say", "کھاتے کیا کہتے ہیں"),
    "exceptions": ("What people had to look at", "کن باتوں کو دیکھنا پڑا"),
    "people": ("Who acted", "کس نے کیا"),
    "rules": ("Rules in force on those days", "ان دنوں نافذ قواعد"),
    "verdict": ("Verdict of the checks", "جانچ کا نتیجہ"),
    "proof": ("Proof", "ثبوت"),
}
STYLE = (
    "body{font:16px/1.6 'Noto Naskh Arabic',serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}"
    "td,th{border:1px solid #999;padding:.2rem .5rem;text-align:start;vertical-align:top}"
    "code{overflow-wrap:anywhere}"
)
HOW_TO_PROVE = (
    "manifest.json holds the SHA-256 of every file. In log.ndjson each body has the SHA-256 that "
    "stands beside it. Each line of chain.ndjson is SHA-256 of the canonical JSON of [previous, "
    "first_seq, items], and the next line follows it; the last one is the head of the log. In "
    "entries.ndjson each hash is SHA-256 of the canonical JSON of [prev_hash, content]. Canonical: "
    "keys sorted, no spaces, UTF-8 (RFC 8785)."
)


def page(
    ibc_id: str,
    kind: str,
    name: str,
    *,
    heads: Row,
    log: Sequence[Row],
    entries: Sequence[Row],
    parts: Mapping[str, Any],
) -> str:
    """The page as HTML; every value in it is escaped."""
    verdict = parts["verdict.json"]
    sections = [
        _heading("log"),
        _table(
            ("received", "what", "record", "by", "outcome", "body"),
            (
                (
                    rfc3339(row["received_at"]),
                    f"{row['op']} {row['entity']}",
                    row["record_id"],
                    row["officer_id"] or row["author_id"],
                    f"{row['outcome']} {row['code'] or ''}",
                    row["body"],
                )
                for row in log
            ),
        ),
        _heading("books"),
        _table(("entry", "date", "kind", "account", "side", "paisa"), _legs(entries)),
        _heading("exceptions"),
        _table(
            ("opened", "kind", "state", "resolution", "detail"),
            (
                (
                    rfc3339(row["opened_at"]),
                    row["kind"],
                    row["state"],
                    row["resolution"],
                    row["detail"],
                )
                for row in parts["exceptions.json"]["exceptions"]
            ),
        ),
        _heading("people"),
        _table(
            ("id", "staff no", "name", "roles"),
            (
                (row["id"], row["staff_no"], row["name"], row["roles"])
                for row in parts["people.json"]
            ),
        ),
        _heading("rules"),
        _table(
            ("rule", "from", "until", "source"),
            (
                (row["rule_no"], row["effective_from"], row["effective_until"], row["source"])
                for row in parts["rules.json"]
            ),
        ),
        _heading("verdict"),
        _sentence(verdict),
        _table(
            ("check", "where", "what"),
            ((row["check"], row["where"], row["what"]) for row in verdict["findings"]),
        ),
        _heading("proof"),
        f"<p>{escape(HOW_TO_PROVE)}</p>",
        _table(("head", "value"), ((key, heads[key]) for key in sorted(heads))),
    ]
    title = f"{HEADINGS['title'][0]}: {kind} {name}, {ibc_id}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f'<h1>{escape(title)} <span lang="ur" dir="rtl">{HEADINGS["title"][1]}</span></h1>'
        f"{''.join(sections)}</body></html>\n"
    )


def _sentence(verdict: Row) -> str:
    word = "Clean" if verdict["clean"] else "Not clean"
    checked = ", ".join(verdict["checked"])
    left_out = ", ".join(verdict["not_checked"]) or "nothing"
    return f"<p>{word}; checked: {escape(checked)}; not checked: {escape(left_out)}.</p>"


def _legs(entries: Iterable[Row]) -> Iterable[tuple[Any, ...]]:
    """A line for each posting; the places in an entry's content are those of Draft.content."""
    for entry in entries:
        content = entry["content"]
        for code, of, side, paisa in content[14]:
            account = f"{code} {CHART[code].name} {of}"
            yield content[0], content[2], content[1], account, side, paisa


def _heading(word: str) -> str:
    english, urdu = HEADINGS[word]
    return f'<h2>{english} <span lang="ur" dir="rtl">{urdu}</span></h2>'


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    cells = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "".join(
        f"<tr>{''.join(f'<td><code>{_shown(value)}</code></td>' for value in row)}</tr>"
        for row in rows
    )
    return f"<table><tr>{cells}</tr>{lines}</table>" if lines else "<p>–</p>"


def _shown(value: Any) -> str:
    return escape("" if value is None else str(value))
