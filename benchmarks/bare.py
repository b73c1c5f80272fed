"""The contenders: Flask handlers that do nothing but answer, under the same server and the same packing."""

import os
from functools import cache
from pathlib import Path

from flask import Flask, Response
from flask_compress import Compress

from api.app import COMPRESSION

app = Flask(__name__)
app.config.update(COMPRESSION)
Compress(app)


@app.get("/nothing")
def nothing() -> Response:
    return Response(b"{}", content_type="application/json")


@app.get("/page/<int:number>")
def page(number: int) -> Response:
    """The very bytes of a page of our own server, packed anew like ours."""
    return Response(_page(number), content_type="application/json")


@cache
def _page(number: int) -> bytes:
    return (Path(os.environ["BENCHMARK_PAGES"]) / f"{number}.json").read_bytes()
