"""Where an account went that another IBC has taken over: the source closes it and names its successor (ruling 9)."""

from sqlalchemy import Column

from models.base import STRICT, Base
from models.kinds import TEXT, WHOLE


class Successor(Base):
    """The IBC that has an account now; the log, the feed and the books of before stay where they are."""

    __tablename__ = "successors"
    __table_args__ = (STRICT,)

    ibc_id = Column(TEXT, primary_key=True)
    account_no = Column(TEXT, primary_key=True)
    to_ibc_id = Column(TEXT, nullable=False)
    moved_at = Column(WHOLE, nullable=False)
    request_key = Column(TEXT, nullable=False)
    """The `Idempotency-Key` under which it moved."""
    carried_paisa = Column(WHOLE, nullable=False)
    """The standing that crossed then: due less advance."""
