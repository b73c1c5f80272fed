from sqlalchemy import text

from ledger.checks import verify
from sync import books
from sync.office import Put, write
from tests.integration.ledger.office import IBC, NOW, O1077, RS
from tests.threads import Threads

ACCOUNTS = [f"04000000000{n:02d}" for n in range(1, 31)]


def test_calls_at_once_do_the_work_once_while_pushes_go_on(office):
    office.append([office.consumer(account) for account in ACCOUNTS])
    pushes = [[office.collection(account, 100 + n) for account in ACCOUNTS] for n in range(6)]

    with Threads(6) as pool:
        asked = [pool.submit(office.post, chunk_rows=20) for _ in range(3)]
        asked += [pool.submit(office.append, push) for push in pushes]
        asked += [pool.submit(office.post, chunk_rows=20) for _ in range(3)]
        for each in asked:
            each.result()
    office.post()

    with office.database.read() as connection:
        assert verify(connection, IBC) == []
    assert office.rows("SELECT COUNT(*) FROM entries") == [(len(ACCOUNTS) * 6,)]
    assert office.exceptions() == []


def test_a_decision_is_made_on_books_that_have_read_everything(office):
    receipt = office.collection(ACCOUNTS[0], 500)
    office.append([office.consumer(ACCOUNTS[0]), receipt])
    approved = Put(
        "decision",
        "01960000-0000-7000-8000-000000000001",
        {
            "kind": "void",
            "collection_id": receipt["record_id"],
            "to_account_no": None,
            "reason": "twice",
            "state": "approved",
            "maker_id": "01960000-0000-7000-8000-000000000002",
            "checker_id": "01960000-0000-7000-8000-000000000003",
        },
    )

    def decide(connection):
        first = books.post_within(connection, IBC, NOW)
        write(connection, IBC, author_id="clerk", puts=[approved], now=NOW)
        return first.posted, books.post_within(connection, IBC, NOW).posted

    assert office.database.transact(decide) == (1, 1)
    assert office.balance(2010, ACCOUNTS[0]) == 0
    assert office.rows("SELECT state FROM collections") == [("void",)]


def test_an_approval_that_says_only_what_changed_finds_the_rest_in_the_record(office):
    receipt = office.collection(ACCOUNTS[0], 500)
    proposal = office.decision("void", receipt, state="submitted", checker_id=None)
    office.append([receipt, proposal])
    office.post()

    approval = office.row(
        "decision",
        {"state": "approved", "checker_id": "supervisor"},
        record_id=proposal["record_id"],
        record=False,
    )
    office.append([approval])
    office.post()

    assert office.balance(2010, ACCOUNTS[0]) == 0


def test_a_bill_that_changes_its_amount_posts_the_difference(office):
    bill = office.bill(ACCOUNTS[0], 500)
    office.append([office.consumer(ACCOUNTS[0]), bill])
    office.post()

    change = office.row(
        "bill", {"current_paisa": 650 * RS}, record_id=bill["record_id"], record=False
    )
    office.append([change])
    with office.database.write() as connection:
        connection.exec_driver_sql("UPDATE bills SET current_paisa = 65000")
    office.post()

    assert office.position(ACCOUNTS[0])["due_paisa"] == 650 * RS
    with office.database.read() as connection:
        assert verify(connection, IBC) == []


def test_a_consumer_imported_again_moves_no_position(office):
    office.append([office.consumer(ACCOUNTS[0]), office.bill(ACCOUNTS[0], 500)])
    office.post()
    before = office.position(ACCOUNTS[0])

    again = office.consumer(ACCOUNTS[0]) | {"record": False}
    office.append([again])
    office.post()

    assert office.position(ACCOUNTS[0]) == before


def test_the_offset_is_the_end_of_the_log(office):
    office.append([office.consumer(ACCOUNTS[0]), office.bill(ACCOUNTS[0], 500)])

    office.post()

    with office.database.read() as connection:
        head = connection.execute(text("SELECT seq FROM log_heads")).scalar_one()
        offset = connection.execute(text("SELECT log_seq FROM books_offsets")).scalar_one()
    assert head == offset == 3


def test_a_second_officer_on_the_same_day_is_noticed_across_chunks(office):
    office.append([office.collection(ACCOUNTS[0], 500)])
    office.post()

    office.append([office.collection(ACCOUNTS[0], 500, officer_id=O1077)])
    office.post()

    assert office.exceptions() == ["DOUBLE_COLLECTION"]


def test_a_voided_receipt_makes_no_double_collection(office):
    voided = office.collection(ACCOUNTS[0], 500)
    office.append([voided, office.decision("void", voided)])
    office.post()

    office.append([office.collection(ACCOUNTS[0], 500, officer_id=O1077)])
    office.post()

    assert office.exceptions() == []
