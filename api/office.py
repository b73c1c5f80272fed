"""What the office reads and decides, at one IBC (docs/api.md)."""

from flask_smorest import Blueprint

blueprint = Blueprint(
    "office", __name__, url_prefix="/api/v1/ibcs/<code>", description="The office"
)
