"""`wsgi:app`: the one place that reads the environment for the web server and the commands."""

from api.app import create_app
from infra.settings import from_environment

app = create_app(from_environment())
