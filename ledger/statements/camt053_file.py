"""ISO 20022 camt.053 as statement lines, by expat behind defusedxml: entry by entry, in bounded memory.

Libraries that read camt.053 keep the whole document as a tree and lose its line numbers.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import IO, Any
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler, feature_namespaces

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from ledger.statements.lines import Broken, beginning, refuse_others
from ledger.statements.parts import CURRENCY, End, Fault, Layout, Line, Part, Start
from ledger.statements.table import is_returned
from ledger.statements.values import Unreadable, check_cell, day, paisa_of

CHUNK_BYTES = 65_536
ENTRY_CHARS_MAX = 100_000
DEPTH_MAX = 40
AMOUNT = re.compile(r"\d{1,18}(\.\d{1,5})?", re.ASCII)
CAMT053 = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.\d\d", re.ASCII)
ISO = "yyyy-mm-dd"
STATEMENT = "Stmt"
BOOKED = "BOOK"
REFERENCES = (
    "NtryDtls/TxDtls/Refs/EndToEndId",
    "NtryDtls/TxDtls/Refs/ChqNb",
    "NtryDtls/TxDtls/Refs/TxId",
    "NtryRef",
    "AcctSvcrRef",
)
"""Where a reference of ours may stand, the nearest first."""
WORDS = ("NtryDtls/TxDtls/RmtInf/Ustrd", "AddtlNtryInf", "NtryDtls/TxDtls/AddtlTxInf")

Texts = dict[str, list[str]]
"""Path inside a child of the statement → the texts there, in order."""


def read_camt053(stream: IO[bytes], layout: Layout) -> Iterator[Part]:
    """camt.053 → parts. Errors: Broken."""
    refuse_others(beginning(stream), but=("xml",))
    parser = DefusedExpatParser(forbid_dtd=True)
    reader = _Reader(layout, parser)
    parser.setFeature(feature_namespaces, 1)
    parser.setContentHandler(reader)
    try:
        while chunk := stream.read(CHUNK_BYTES):
            parser.feed(chunk)
            yield from reader.taken()
        parser.close()
    except SAXParseException as reason:
        # What is cut in the middle ends with a tag or a tree that is not closed.
        is_cut = re.search("no element found|unclosed token", str(reason)) is not None
        line = reason.getLineNumber() or 1
        raise Broken(Fault(line, "file_is_cut" if is_cut else "xml_is_broken")) from None
    except DefusedXmlException:
        raise Broken(Fault(reader.line, "xml_declares_entities")) from None
    yield from reader.taken()
    if not reader.statements:
        raise Broken(Fault(1, "file_is_not camt053"))


class _Reader(ContentHandler):
    """Gathers the texts of one child of the statement at a time and turns them into parts."""

    def __init__(self, layout: Layout, place: Any) -> None:
        super().__init__()
        self.layout = layout
        self.place = place
        self.statements = 0
        self.path: list[str] = []
        self.inside: int | None = None
        """How deep the open statement lies."""
        self.texts: Texts = {}
        self.text: list[str] = []
        self.chars = 0
        self.begun_at = 1
        self.parts: list[Part] = []
        self.number = ""
        self.opening: int | None = None
        self.closing: int | None = None
        self.started = False

    @property
    def line(self) -> int:
        return int(self.place.getLineNumber() or 1)

    def taken(self) -> Iterator[Part]:
        parts, self.parts = self.parts, []
        yield from parts

    def startElementNS(self, name: tuple[str | None, str], qname: str | None, attrs: Any) -> None:  # noqa: ARG002, N802  # SAX's names
        namespace, local = name
        if not self.path and not CAMT053.fullmatch(namespace or ""):
            raise Broken(Fault(self.line, f"file_is_not camt053 {(namespace or local)[-40:]}"))
        self.path.append(local)
        if len(self.path) > DEPTH_MAX:
            raise Broken(Fault(self.line, "xml_is_broken"))
        self.text = []
        if self.inside is None and local == STATEMENT:
            self._open()
        elif self.inside is not None and len(self.path) == self.inside + 1:
            self.texts, self.chars, self.begun_at = {}, 0, self.line
        currency = attrs.get((None, "Ccy"))
        if currency is not None and self.inside is not None:
            self._keep(f"{self._inner()}@Ccy", currency)

    def characters(self, content: str) -> None:
        self.chars += len(content)
        if self.chars > ENTRY_CHARS_MAX:
            raise Broken(Fault(self.begun_at, f"line_too_long {ENTRY_CHARS_MAX}"))
        self.text.append(content)

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:  # noqa: ARG002, N802  # SAX's names
        text = "".join(self.text).strip()
        self.text = []
        if self.inside is not None and len(self.path) > self.inside:
            if text:
                self._keep(self._inner(), text)
            if len(self.path) == self.inside + 1:
                self._child(self.path[-1])
        elif self.inside is not None:
            self._start()
            self.parts.append(End(file_line=self.line, closing_paisa=self.closing))
            self.inside = None
        self.path.pop()

    def _open(self) -> None:
        self.inside = len(self.path)
        self.statements += 1
        self.number, self.opening, self.closing, self.started = "", None, None, False

    def _inner(self) -> str:
        assert self.inside is not None
        return "/".join(self.path[self.inside + 1 :])

    def _keep(self, path: str, text: str) -> None:
        self.texts.setdefault(path, []).append(text)

    def _first(self, *paths: str) -> str:
        return next((self.texts[path][0] for path in paths if path in self.texts), "")

    def _child(self, local: str) -> None:
        """A child of the statement is complete."""
        try:
            match local:
                case "Id" | "ElctrncSeqNb":
                    self.number = self._first("") or self.number
                case "Acct":
                    self._check_account()
                case "Bal":
                    self._balance()
                case "Ntry":
                    self._start()
                    self._entry()
        except Unreadable as reason:
            self.parts.append(Fault(self.begun_at, str(reason), local))

    def _start(self) -> None:
        if not self.started:
            self.started = True
            self.parts.append(
                Start(file_line=self.begun_at, number=self.number, opening_paisa=self.opening)
            )

    def _check_account(self) -> None:
        said, wanted = self._first("Id/IBAN", "Id/Othr/Id"), self.layout.account
        if wanted and said.replace(" ", "") != wanted:
            raise Unreadable(f"other_account {said[:40].replace(' ', '') or '-'} {wanted}")

    def _balance(self) -> None:
        match self._first("Tp/CdOrPrtry/Cd"):
            case "OPBD" | "PRCD" if self.opening is None:
                self.opening = self._amount()
            case "CLBD":
                self.closing = self._amount()

    def _amount(self) -> int:
        text = self._first("Amt")
        check_cell(text)
        if not AMOUNT.fullmatch(text):
            raise Unreadable("not_an_amount")
        currency = self._first("Amt@Ccy")
        if currency != CURRENCY:
            raise Unreadable(f"other_currency {currency[:3] or '-'} {CURRENCY}")
        side = self._first("CdtDbtInd")
        if side not in ("CRDT", "DBIT"):
            raise Unreadable("debit_or_credit")
        return paisa_of(Decimal(text)) * (1 if side == "CRDT" else -1)

    def _entry(self) -> None:
        if self._first("Sts/Cd", "Sts") != BOOKED:
            return
        words = " ".join(text for path in WORDS for text in self.texts.get(path, ()))
        returned = self._first("RvslInd") == "true" or "NtryDtls/TxDtls/RtrInf/Rsn/Cd" in self.texts
        references = [text for path in REFERENCES for text in self.texts.get(path, ())]
        known = [text for text in references if text not in ("NOTPROVIDED", "NONREF")]
        self.parts.append(
            Line(
                file_line=self.begun_at,
                booked_on=self._day("BookgDt"),
                value_on=self._day("ValDt") if self._first("ValDt/Dt", "ValDt/DtTm") else None,
                amount_paisa=self._amount(),
                reference=known[0] if known else "",
                narration=" ".join([*known[1:], words]).strip(),
                returned=returned or is_returned(words),
            )
        )

    def _day(self, name: str) -> str:
        return day(self._first(f"{name}/Dt", f"{name}/DtTm")[:10], ISO)
