"""The settings of signatures, DNS, bounces and hooks: what they take, and what they refuse with a sentence."""

from __future__ import annotations

import pytest


def written(minimal: str, section: str, line: str) -> str:
    return f"{minimal}\n[{section}]\n{line}\n"


@pytest.mark.parametrize(
    ("section", "line", "sentence"),
    [
        ("dkim", 'selectors = ["../news"]', "is no selector"),
        ("dkim", 'selectors = ["News"]', "is no selector"),
        ("dns", 'addresses = ["mail.example.org"]', "is no IP address"),
        ("dns", 'spf = ["v=spf1 -all"]', "is no mechanism of SPF"),
        ("bounces", 'listen = "0.0.0.0:8024"', "can be reached from outside"),
        ("bounces", 'listen = "bounces.example.org:8024"', "can be reached from outside"),
        ("bounces", 'imap_mailbox = "INBOX\\r\\nLOGOUT"', "imap_mailbox"),
        ("bounces", "soft = 0", "soft"),
        ("bounces", 'imap_tls = "sometimes"', "imap_tls"),
        ("hooks", 'ses_topic = "bounces"', "is no SNS topic"),
    ],
)
def test_what_cannot_be_meant_gets_a_sentence(faults, minimal, section: str, line: str, sentence: str):
    found = faults(written(minimal, section, line))

    assert len(found) == 1
    assert sentence in found[0]


@pytest.mark.parametrize("name", ["INBOX", "Zurück", "Lists/Bounces", "مرتجع"])
def test_a_mailbox_may_have_a_name_in_any_script(load, minimal, name: str):
    assert load(written(minimal, "bounces", f'imap_mailbox = "{name}"')).bounces.imap_mailbox == name


def test_keys_lie_in_the_newsroom_and_sign_for_the_domain_of_from(load, minimal):
    config = load(written(minimal, "dkim", 'selectors = ["news"]'))

    assert config.dkim.path == config.folder / "dkim"
    assert config.dkim.domain == config.email.sender.address.rpartition("@")[2]


def test_passwords_of_mailboxes_and_hooks_are_never_shown(load, minimal):
    config = load(minimal + '\n[bounces]\nimap_password = "hunter2"\n[hooks]\nmailgun_key = "hunter2"\n')

    assert "hunter2" not in repr(config)
    assert config.bounces.imap_password is not None
    assert config.bounces.imap_password.reveal() == "hunter2"
