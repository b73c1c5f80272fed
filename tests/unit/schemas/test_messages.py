"""Every message key that the code uses stands in infra/messages.json, in both languages."""

import json
import re
from pathlib import Path

import pytest

from infra.catalogue import LANGUAGES, message, sentences
from models import ENTITIES
from models.declaration import Owner

CHECKOUT = Path(__file__).resolve().parents[3]
KEY = re.compile(r'(?:error=|ValidationError\(|MESSAGES \| \{"invalid": )f?"([a-z_]+)[ "]')
PATTERN_KEY = re.compile(r'_pattern\(.*, "([a-z_]+)"\)')
DICTIONARY_KEY = re.compile(r'"(?:required|null|invalid|too_large|invalid_utf8)": "([a-z_]+)"')
DECIDED = re.compile(r'Action\.REJECT, "([a-z_]+)"')
ROW_ERROR = re.compile(r'\{"[a-z_]+": "([a-z_]+)"\}')


FAULT = re.compile(r'(?:Fault\([^"]*|fault\("[a-z]+", |Unreadable\()f?"([a-z0-9_]+)[ "]')
"""Why a statement file is refused."""


def keys_in(folder: str) -> set[str]:
    found: set[str] = set()
    for path in (CHECKOUT / folder).glob("*.py"):
        text = path.read_text(encoding="utf-8")
        for pattern in (KEY, PATTERN_KEY, DICTIONARY_KEY, DECIDED, ROW_ERROR):
            found |= set(pattern.findall(text))
    return found


def test_the_search_finds_the_keys():
    assert {"required", "not_a_uuid", "unclean_text", "wrong_form"} <= keys_in("schemas")
    assert {"unknown_record", "office_writes_this", "unknown_entity"} <= keys_in("sync")


@pytest.mark.parametrize("folder", ["schemas", "models", "sync"])
def test_every_key_in_the_code_has_its_sentences(folder):
    assert keys_in(folder) - set(sentences()) == set()


def test_every_reason_to_refuse_a_file_has_its_sentences():
    folder = CHECKOUT / "ledger" / "statements"
    texts = [path.read_text(encoding="utf-8") for path in folder.glob("*.py")]
    keys = {key for text in texts for key in FAULT.findall(text)}

    assert {"not_an_amount", "file_is_cut", "statement_does_not_foot"} <= keys
    assert keys - set(sentences()) == set()


def test_every_code_of_a_second_claim_has_its_sentences():
    codes = {
        code.lower()
        for entity in ENTITIES.values()
        if not entity.owned_by(Owner.DEVICE)
        for code in entity.sync.claims.values()
    }

    assert codes <= set(sentences())


@pytest.mark.parametrize("code", sentences())
def test_both_languages_name_the_same_values(code):
    in_language = sentences()[code]

    assert set(in_language) == set(LANGUAGES)
    holes = [set(re.findall(r"\{\d\}", text)) for text in in_language.values()]
    assert holes[0] == holes[1]


def test_a_key_with_values_is_worded_with_them():
    assert "1 to 120" in message("wrong_length 1 120")["en"]


def test_no_key_stands_twice():
    text = (CHECKOUT / "infra" / "messages.json").read_text(encoding="utf-8")
    pairs = json.loads(text, object_pairs_hook=list)
    keys = [key for key, _ in pairs]

    assert sorted(keys) == sorted(set(keys))
