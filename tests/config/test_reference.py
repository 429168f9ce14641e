"""The table of settings says what the records do, and the committed page says what the table does."""

from __future__ import annotations

import tomllib
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from newsletter.config.environment import PREFIX
from newsletter.config.pace_values import Percent
from newsletter.config.reference import configuration_reference
from newsletter.config.setting import variable_name
from newsletter.config.settings import Sections, written_name
from newsletter.config.show import show, write_value
from newsletter.config.table import SETTINGS, find_setting, known_names
from newsletter.model import Mailbox

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
EVERYTHING = """[topics.diplomacy]
[schedules.weekly]
[transports.outbox]
kind = "maildir"
path = "outbox"
[transports.amazon]
kind = "ses"
region = "eu-west-1"
user = "AKIAEXAMPLE"
[transports.gun]
kind = "mailgun"
domain = "mg.example.org"
[transports.post]
kind = "postmark"
"""
# The transport of EVERYTHING that may have the setting; all others are those of a relay.
OWNERS = {"path": "outbox", "region": "amazon", "domain": "gun", "stream": "post"}


def name_in(setting: str) -> str:
    """What stands for NAME where EVERYTHING is written."""
    if setting.startswith("schedules."):
        return "weekly"
    return OWNERS.get(setting.rpartition(".")[2], "relay") if setting.startswith("transports.") else "relay"


def keys_of(record: type, inside: tuple[str, ...] = ()) -> dict[tuple[str, ...], bool]:
    """Every setting that the records have, and whether it must be written."""
    keys: dict[tuple[str, ...], bool] = {}
    for field in fields(record):
        kind = get_type_hints(record)[field.name]
        below = get_args(kind)[1] if get_args(kind) and is_dataclass(get_args(kind)[1]) else kind
        key = (*inside, written_name(field.name))
        if is_dataclass(below) and below not in (Mailbox, Percent):
            placeholder = {"transports": ("NAME",), "topics": ("SLUG",), "schedules": ("NAME",)}.get(field.name, ())
            keys |= keys_of(below, (*key, *placeholder))
        elif key != ("transports", "NAME", "name"):
            keys[key] = field.default is MISSING and field.default_factory is MISSING
    return keys


def test_the_committed_page_is_fresh():
    assert PAGE.read_text(encoding="utf-8") == configuration_reference(), (
        "docs/configuration.md is stale. Write it anew from newsletter.config.reference.configuration_reference()."
    )


def test_every_setting_has_its_entry_and_every_entry_its_setting():
    assert {setting.parts: not setting.default for setting in SETTINGS} == keys_of(Sections)


def test_every_default_in_words_of_toml_is_the_real_one(load, minimal):
    shown = {setting.key: setting for setting in show(load(minimal + EVERYTHING))}
    stated = {
        setting.key.replace("NAME", name_in(setting.key)).replace("SLUG", "diplomacy"): setting.default
        for setting in SETTINGS
        if setting.default and not setting.default.startswith("(")
    }
    stated.pop("store.url")

    real = {key: write_value(shown[key].value) for key in stated if shown[key].origin == "default"}

    assert real == stated


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_every_example_loads(load, minimal, setting):
    parts = tuple({"NAME": name_in(setting.key), "SLUG": "diplomacy"}.get(p, p) for p in setting.parts)
    languages = [] if setting.key in ("newsroom.languages", "newsroom.language") else ["en", "fr", "ar"]
    value = tomllib.loads(f"x = {setting.example}")["x"]
    options = {"newsroom.languages": languages or ["en", "fr", "ar"], ".".join(parts): value}
    if setting.key.endswith("password"):
        options["transports.relay.user"] = "news"

    config = load(minimal + EVERYTHING, options=options)

    assert config.origins[".".join(parts)] == "option"


def test_every_page_line_is_one_sentence_or_less():
    lines = [line for line in configuration_reference().splitlines() if line and line[0] not in "-#0123456789`"]

    assert [line for line in lines if line.count(". ") > 0] == []


def test_exactly_the_values_of_a_deployment_come_from_the_environment():
    assert [setting.key for setting in SETTINGS if setting.environment] == [
        "newsroom.base_url",
        "transports.NAME.host",
        "transports.NAME.port",
        "transports.NAME.user",
        "transports.NAME.password",
        "bounces.imap_password",
        "hooks.mailgun_key",
        "hooks.postmark_password",
        "store.url",
        "web.bind",
        "log.level",
    ]


def test_names_are_looked_up_through_the_owners_words():
    assert find_setting(("transports", "relay", "host")).key == "transports.NAME.host"
    assert find_setting(("transports", "relay")) is None
    assert known_names(("topics", "sea")) == ("names", "aliases")
    assert known_names(("transports",)) == ()
    assert variable_name(("store", "url")) == f"{PREFIX}STORE__URL"
