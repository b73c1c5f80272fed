"""temporary"""

from infra.ids import derived_id


def case(
    kind,
    *,
    ibc_id,
    subject_entity,
    subject_id,
    mutation_id,
    distinct,
    account_no,
    amount_paisa,
    detail,
    opened_by_seq,
    now,
):
    return dict(
        ibc_id=ibc_id,
        id=derived_id("case", kind, subject_id, distinct),
        kind=kind,
        subject_entity=subject_entity,
        subject_id=subject_id,
        mutation_id=mutation_id,
        account_no=account_no,
        amount_paisa=amount_paisa,
        detail=detail,
        opened_at=now,
        opened_by_seq=opened_by_seq,
        due_at=now + 86400000,
        owner_role="clerk",
        state="open",
        resolution=None,
        resolved_by_seq=None,
    )
