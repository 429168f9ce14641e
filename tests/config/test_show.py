"""What `config show` prints."""

from __future__ import annotations

import json
import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.config.secret import MASK
from newsletter.config.show import show, write_value


def test_every_setting_is_shown_with_its_value_and_its_origin(load, minimal):
    text = f'{minimal}user = "news"\n[topics."sea"]\nnames = {{ en = "Sea" }}\n'

    shown = {s.key: (s.value, s.origin) for s in show(load(text, {"NEWSLETTER_TRANSPORTS__RELAY__PASSWORD": "x"}))}

    assert shown["newsroom.title"] == ("The Harbour Post", "config.toml:2")
    assert shown["newsroom.languages"] == (["en"], "default")
    assert shown["email.from"] == ("The Harbour Post <news@example.org>", "config.toml:10")
    assert shown["email.reply_to"] == (None, "default")
    assert shown["email.grace"] == ("6h", "default")
    assert shown["email.on_unknown"] == ("hold", "default")
    assert shown["transports.relay.port"] == (587, "default")
    assert shown["transports.relay.password"] == (MASK, "environment NEWSLETTER_TRANSPORTS__RELAY__PASSWORD")
    assert shown["topics.sea.names"] == ({"en": "Sea"}, "config.toml:21")
    assert "transports.relay.path" not in shown
    assert "transports.relay.name" not in shown


def test_a_setting_has_a_text_for_people(load):
    texts = {setting.key: setting.text for setting in show(load())}

    assert texts["newsroom.languages"] == '["en"]'
    assert texts["newsroom.description"] == '""'
    assert texts["email.reply_to"] == ""


def test_the_values_fit_json_and_stand_in_a_stable_order(load):
    keys = [setting.key for setting in show(load())]

    assert json.loads(json.dumps([setting.value for setting in show(load())]))
    assert keys == [setting.key for setting in show(load())]
    assert keys[:3] == ["newsroom.title", "newsroom.slug", "newsroom.tag"]
    assert keys[-1] == "log.level"


def test_what_is_shown_loads_again_as_the_same(load):
    config = load()
    text = "\n".join(str(setting) for setting in show(config))

    again = load(text)

    assert (again.newsroom, again.email, again.transports) == (config.newsroom, config.email, config.transports)


@settings(deadline=None)
@given(
    st.recursive(
        st.one_of(st.text(st.characters(exclude_categories=["Cs"])), st.booleans(), st.integers(-(2**63), 2**63 - 1)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.text('ab-_é "', max_size=3), inner, max_size=3)
        ),
        max_leaves=5,
    )
)
def test_a_value_written_as_toml_reads_the_same(value):
    assert tomllib.loads(f"x = {write_value(value)}")["x"] == value
