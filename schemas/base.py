"""The strict parent of every wire schema: unknown fields are errors, nothing is guessed."""

from marshmallow import RAISE, Schema


class StrictSchema(Schema):
    """A wire shape that refuses what it does not know."""

    class Meta:
        """Unknown keys are errors (protocol, conventions)."""

        unknown = RAISE
