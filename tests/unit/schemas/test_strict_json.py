"""What comes from outside is JSON as the protocol takes it, or is refused quickly and by name."""

import time

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.strict_json import NotStrictJson, canonical, loads, loads_by_rule

CPU_SECONDS_MAX = 0.010

REFUSED = {
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":Infinity}',
    "minus Infinity": b'{"a":-Infinity}',
    "1e400": b'{"a":1e400}',
    "1E+1000000": b'{"a":1E+1000000}',
    "a key twice": b'{"a":1,"a":2}',
    "a key twice, deep": b'{"a":[{"b":{"c":1,"d":2,"c":3}}]}',
    "a key twice, spelled twice": b'{"a":1,"\\u0061":2}',
    "a byte order mark": b'\xef\xbb\xbf{"a":1}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "UTF-16 without mark": '{"a":1}'.encode("utf-16-le"),
    "Latin-1": '{"a":"é"}'.encode("latin-1"),
    "overlong UTF-8": b'{"a":"\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "100,000 brackets": b"[" * 100_000,
    "100,000 brackets, closed": b"[" * 100_000 + b"]" * 100_000,
    "100,000 objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "4,301 digits": b'{"a":' + b"1" * 4301 + b"}",
    "21 digits": b'{"a":' + b"1" * 21 + b"}",
    "2 to the 64th": b'{"a":18446744073709551616}',
    "a lone high surrogate": b'{"a":"\\ud800"}',
    "a lone low surrogate": b'{"a":"\\udc00x"}',
    "a lone surrogate as key": b'{"\\ud800":1}',
    "surrogates the wrong way round": b'{"a":"\\udc00\\ud800"}',
    "a raw control character": b'{"a":"\x01"}',
    "a raw NUL": b'{"a":"\x00"}',
    "a NUL after it": b'{"a":1}\x00',
    "trailing bytes": b'{"a":1}x',
    "two values": b"{}{}",
    "a trailing comma": b'{"a":1,}',
    "single quotes": b"{'a':1}",
    "a comment": b'{"a":1/**/}',
    "a leading zero": b'{"a":01}',
    "a plus": b'{"a":+1}',
    "a dot without digits": b'{"a":1.}',
    "hexadecimal": b'{"a":0x10}',
    "an underscore": b'{"a":1_000}',
    "Arabic digits": '{"a":۱۲۳}'.encode(),
    "nothing": b"",
    "white space": b" \n",
    "a word": b"nul",
    "cut off": b'{"a":"',
}  # fmt: skip
TAKEN = {
    "spaces": (b' {"a" : [1, 2]}\r\n\t', {"a": [1, 2]}),
    "an escaped NUL": (b'{"a":"\\u0000"}', {"a": "\x00"}),
    "a pair of surrogates": (b'{"a":"\\ud83d\\ude42"}', {"a": "🙂"}),
    "Urdu": ('{"a":"کراچی"}'.encode(), {"a": "کراچی"}),
    "minus nought": (b'{"a":-0}', {"a": 0}),
    "brackets in text": (b'{"a":"' + b"[" * 1000 + b'"}', {"a": "[" * 1000}),
    "digits in text": (b'{"a":"' + b"1" * 5000 + b'"}', {"a": "1" * 5000}),
    "a quote in text": (b'{"a":"\\"[[[[[[[[[[[[[[[[[[[["}', {"a": '"' + "[" * 20}),
    "the largest safe integer": (b"9007199254740991", 9007199254740991),
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED)
def test_what_is_not_strict_json_is_refused_within_10_ms(raw):
    began = time.thread_time()

    with pytest.raises(NotStrictJson):
        loads(raw)

    assert time.thread_time() - began < CPU_SECONDS_MAX


def test_the_slow_loader_refuses_what_the_fast_parser_would_read():
    read = {name: raw for name, raw in REFUSED.items() if parses(raw)}

    assert {"a key twice", "2 to the 64th"} <= set(read)
    for raw in read.values():
        with pytest.raises(NotStrictJson):
            loads_by_rule(raw)


@pytest.mark.parametrize(("raw", "value"), TAKEN.values(), ids=TAKEN)
def test_honest_json_is_taken_however_it_is_spelled(raw, value):
    assert loads(raw) == value
    assert loads_by_rule(raw) == value


@pytest.mark.parametrize("depth", [17, 100, 253])
def test_nesting_deeper_than_the_limit_is_refused_where_a_row_is_in_doubt(depth):
    raw = b"[" * depth + b"]" * depth

    with pytest.raises(NotStrictJson, match="NESTING_MAX = 16"):
        loads_by_rule(raw)


def test_nesting_up_to_the_limit_is_taken():
    loads(b"[" * 16 + b"]" * 16)
    loads_by_rule(b"[" * 16 + b"]" * 16)


def parses(raw):
    try:
        orjson.loads(raw)
    except orjson.JSONDecodeError:
        return False
    return True


@settings(max_examples=300, deadline=None)
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_nothing_else(raw):
    try:
        value = loads(raw)
    except NotStrictJson:
        return

    assert canonical(value)
