"""Every limit with its name, in one table; a refusal names the limit that it met."""

MUTATIONS_MAX = 500
"""Mutations in one request."""
TOGETHER_MAX = 1_000
"""Mutations of several requests in one transaction."""
KNOWN_ACCOUNTS_MAX = 200_000
"""Accounts of an IBC that a process remembers to be its consumers."""
BODY_BYTES_MAX = 1_048_576
"""Bytes of a request's body, after unpacking."""
PAGE_CHANGES_MAX = 2_000
"""Changes in one page of a pull."""
PAGE_BYTES_MAX = 1_048_576
"""Bytes of the rows of one page of a pull, before packing."""
PART_ROWS_MAX = 5_000
"""Rows in one part of a snapshot."""
PART_BYTES_MAX = 1_048_576
"""Bytes of the rows of one part of a snapshot, before packing."""
NESTING_MAX = 16
"""Brackets inside brackets in a request."""
NUMBER_CHARS_MAX = 20
"""Characters of one number in a request."""
LIST_ROWS_MAX = 1_000
"""Rows in one page of a list at the office."""
SEARCH_ROWS_MAX = 50
"""Consumers that one search shows; whoever sees more has not said whom he means."""
ROUND_STOPS_MAX = 500
"""Doors of one round; nobody walks more in a day."""
DECISION_LAG_MAX = 5_000
"""Log entries that a decision about money reads itself; further behind, the worker reads first."""
BULK_CASES_MAX = 100
"""Conflict cases that one request settles alike; each is a transaction of its own."""
IMPORT_ROWS_MAX = 1_000
"""Rows of an import in one transaction, so that a phone's push waits only for one of them."""
ATTACHMENT_BYTES_MAX = 10 * 1_048_576
"""Bytes of one attachment, as the phone has it."""
ATTACHMENT_PIXELS_MAX = 52_000_000
"""Pixels of one picture: what the largest cameras of cheap phones take, and 156 MB when unpacked."""
ATTACHMENT_DAY_BYTES_MAX = 400 * 1_048_576
"""Bytes of attachments that one phone may begin to send in 24 hours."""
ATTACHMENT_DAY_FILES_MAX = 1_000
"""Attachments that one phone may begin to send in 24 hours."""
STATEMENT_BYTES_MAX = 268_435_456
"""Bytes of a statement file; a bank's year of one branch is a tenth of it."""
STATEMENT_LINES_MAX = 250_000
"""Lines of one statement file."""
STATEMENT_AT_ONCE_BYTES_MAX = 1_048_576
"""Bytes of a statement file that is imported while its sender waits; a larger one is a job."""
STATEMENT_FAULTS_MAX = 100
"""Faults of a file that are told; who has more sends another file anyway."""
STATEMENT_LINE_BYTES_MAX = 65_536
"""Bytes of one line of a statement file."""
SHEET_BYTES_MAX = 536_870_912
"""Bytes of a spreadsheet, after unpacking."""
CUSTODY_PAISA_MAX = 200_000_00
"""Cash in one person's hands before somebody is told; a supervisor may set it for each officer."""
IMPORT_FILE_BYTES_MAX = 256 * 1_048_576
"""Bytes of one file of billing's; its rows are read one by one, so memory does not grow with it."""
IMPORT_FILE_ROWS_MAX = 1_000_000
"""Rows of one file of billing's: as many keys are remembered, to find those that come twice."""
IMPORT_LINE_BYTES_MAX = 65_536
"""Bytes of one line of a file; a longer one is no row of anything."""
XLSX_LINES_MAX = 1_048_575
"""Lines below the head of one sheet: the format has no more; a longer list is asked for as CSV."""
EVIDENCE_LOG_ROWS_MAX = 200_000
"""Log rows between a fact and the head whose hashes an evidence pack carries."""
EXPORT_ROWS_MAX = 50_000
"""Postings in one file for billing; what is more goes into the next."""
CLOCK_AHEAD_MS_MAX = 24 * 3600 * 1000
"""How far a phone's clock may run ahead before its facts are marked as of an untrusted time."""

TABLE = {name: value for name, value in globals().items() if name.endswith("_MAX")}
