"""Statement files as banks and agencies send them, and as they must not."""

from io import BytesIO

import openpyxl

from ledger.statements.parts import Fault, Layout, Line
from ledger.statements.reading import Whole, read_statements

BANK = Layout(
    format="csv",
    columns={
        "booked_on": "Date",
        "narration": "Particulars",
        "reference": "Chq No",
        "debit": "Debit",
        "credit": "Credit",
        "balance": "Balance",
    },
    date_form="dd/mm/yyyy",
)
AGENCY = Layout(
    format="csv",
    is_agency=True,
    columns={
        "booked_on": "Date",
        "txn_id": "Txn",
        "account_no": "Consumer",
        "amount": "Gross",
        "fee": "Fee",
        "net": "Net",
    },
)
MT940 = Layout(format="mt940", account="PK36SCBL0000001123456702")
CAMT = Layout(format="camt053", account="PK36SCBL0000001123456702")

HEADING = "Date,Particulars,Chq No,Debit,Credit,Balance\n"
GOOD = (
    "Sample Bank Ltd,,,,,\n"
    + HEADING
    + '08/04/2026,CASH DEP SLIP 7710001,,,"7,400.00","107,400.00"\n'
    + "09/04/2026,CHQ RETURN 445566,445566,6500,,100900\n"
    + "09/04/2026,CHARGES,,150.50,,100749.50\n"
)
AGENCY_HEADING = "Date,Txn,Consumer,Gross,Fee,Net\n"

SWIFT = """{1:F01SCBLPKKXAXXX0000000000}{2:I940X}{4:
:20:STMT
:25:PK36SCBL0000001123456702
:28C:00042/001
:60F:C260408PKR100000,00
:61:2604080408C7400,NMSCNONREF//B1
CASH DEP
:86:SLIP 7710001
GIZRI BRANCH
:61:2604090409RC6500,NRTI445566//B2
:86:RETURNED INSUFFICIENT FUNDS
:62M:C260409PKR100900,
-}{1:F01SCBLPKKXAXXX0000000000}{2:I940X}{4:
:20:STMT
:25:PK36SCBL0000001123456702
:28C:00042/002
:60M:C260409PKR100900,
:61:2604090409D150,5NCHGNONREF
:62F:C260409PKR100749,5
-}
"""
CAMT_ENTRY = """   <Ntry>
    <Amt Ccy="PKR">{amount}</Amt>
    <CdtDbtInd>{side}</CdtDbtInd>
    <Sts>{status}</Sts>
    <BookgDt><Dt>2026-04-08</Dt></BookgDt>
    <ValDt><Dt>2026-04-09</Dt></ValDt>
    <AcctSvcrRef>B1</AcctSvcrRef>
    <NtryDtls><TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs>
     <RmtInf><Ustrd>SLIP 7710001</Ustrd></RmtInf></TxDtls></NtryDtls>
   </Ntry>
"""


def camt(entries: str, closing: str = "107400.00", version: str = "08") -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}">
 <BkToCstmrStmt>
  <GrpHdr><MsgId>M</MsgId></GrpHdr>
  <Stmt>
   <Id>STMT-42</Id>
   <ElctrncSeqNb>42</ElctrncSeqNb>
   <Acct><Id><IBAN>PK36SCBL0000001123456702</IBAN></Id></Acct>
   <Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="PKR">100000</Amt>
    <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-04-08</Dt></Dt></Bal>
   <Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="PKR">{closing}</Amt>
    <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-04-08</Dt></Dt></Bal>
{entries}  </Stmt>
 </BkToCstmrStmt>
</Document>
"""


def camt_entry(
    amount: str = "7400.00",
    side: str = "CRDT",
    status: str = "BOOK",
    reference: str = "NOTPROVIDED",
) -> str:
    return CAMT_ENTRY.format(amount=amount, side=side, status=status, reference=reference)


def sheet(*rows: list) -> bytes:
    book, stream = openpyxl.Workbook(), BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(stream)
    return stream.getvalue()


def read(content: str | bytes, layout: Layout) -> list:
    raw = content.encode() if isinstance(content, str) else content
    return list(read_statements(BytesIO(raw), layout))


def lines(content: str | bytes, layout: Layout) -> list[Line]:
    found = read(content, layout)
    assert [part for part in found if isinstance(part, Fault)] == []
    return [part for part in found if isinstance(part, Line)]


def whole(content: str | bytes, layout: Layout) -> Whole:
    [found] = [part for part in read(content, layout) if isinstance(part, Whole)]
    return found


def faults(content: str | bytes, layout: Layout) -> list[tuple]:
    """(line, key, column) of everything that is wrong."""
    found = [part for part in read(content, layout) if isinstance(part, Fault)]
    return [
        (one.file_line, one.key, one.column) if one.column else (one.file_line, one.key)
        for one in found
    ]
