"""`wsgi:app`: the one place that reads the environment for the web server and the commands."""

import gc

from api.app import create_app
from infra.settings import from_environment

GARBAGE_THRESHOLDS = (100_000, 50, 50)
"""A push makes some ten thousand short-lived objects and no cycles: looking for cycles as often as
Python does by itself took a fifth of its time.
"""

app = create_app(from_environment())
gc.freeze()
gc.set_threshold(*GARBAGE_THRESHOLDS)
