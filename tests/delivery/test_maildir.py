from __future__ import annotations

import mailbox
import os
from pathlib import Path

import pytest
from ledger_rows import NOW, compose

from newsletter.delivery.transports import MaildirSettings, MaildirTransport
from newsletter.delivery.transports.maildir import file_name
from newsletter.errors import TransportError
from newsletter.model import Envelope, Outcome, Recipient, SubscriberId, VariantId


def letter(number: int = 1, address: str = "ada@example.org") -> tuple[Envelope, bytes]:
    reader = Recipient(subscriber_id=SubscriberId(number), uid=f"s{number}", address=address, name="", token="t")
    return compose(VariantId(1), reader, NOW)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def deliver(folder: Path, envelope: Envelope, message: bytes) -> Outcome:
    with MaildirTransport(MaildirSettings(path=folder)) as transport:
        return transport.deliver(envelope, message, opened=lambda: None).outcome


def test_a_message_is_one_readable_eml_file(tmp_path: Path) -> None:
    envelope, message = letter()

    assert deliver(tmp_path / "outbox", envelope, message) is Outcome.ACCEPTED

    [name] = files(tmp_path / "outbox" / "new")
    assert name.endswith(".ada@example.org.eml")
    assert (tmp_path / "outbox" / "new" / name).read_bytes() == message
    assert files(tmp_path / "outbox" / "tmp") == []


def test_python_reads_the_folder_as_a_maildir(tmp_path: Path) -> None:
    deliver(tmp_path, *letter())

    box = mailbox.Maildir(tmp_path, create=False)

    assert [each["Message-ID"] for each in box] == ["<e1.s1@news.example.org>"]


def test_the_same_delivery_twice_is_one_file(tmp_path: Path) -> None:
    envelope, message = letter()

    outcomes = [deliver(tmp_path, envelope, text) for text in (message, message + b"Date moved.\r\n")]

    assert outcomes == [Outcome.ACCEPTED, Outcome.ACCEPTED]
    assert len(files(tmp_path / "new")) == 1


def test_a_message_already_read_is_not_delivered_again(tmp_path: Path) -> None:
    envelope, message = letter()
    deliver(tmp_path, envelope, message)
    [name] = files(tmp_path / "new")
    (tmp_path / "new" / name).rename(tmp_path / "cur" / f"{name}:2,S")

    assert deliver(tmp_path, envelope, message) is Outcome.ACCEPTED

    assert files(tmp_path / "new") == []


def test_two_readers_are_two_files_even_under_one_message_id(tmp_path: Path) -> None:
    message = letter()[1]

    for address in ("ada@example.org", "ben@example.org"):
        deliver(tmp_path, Envelope(sender="news@example.org", recipient=address), message)

    assert len(files(tmp_path / "new")) == 2


@pytest.mark.parametrize("local", ["a/b", "..", "a:2,S", "*", "x" * 64, "-rf", "%2e%2e"])
def test_no_address_leads_out_of_the_folder(local: str) -> None:
    name = file_name(Envelope(sender="", recipient=f"{local}@example.org"), b"Subject: x\r\n\r\n")

    assert Path(name).name == name
    assert ":" not in name
    assert not name.startswith((".", "-"))
    assert len(name) < 200


def test_a_folded_message_id_counts_and_one_in_the_body_does_not() -> None:
    to = Envelope(sender="", recipient="ada@example.org")

    folded = file_name(to, b"Message-ID:\r\n <a@x>\r\nDate: now\r\n\r\n")
    plain = file_name(to, b"message-id: <a@x>\r\nDate: later\r\n\r\nMessage-ID: <b@x>\r\n")

    assert folded == plain
    assert plain != file_name(to, b"Subject: x\r\n\r\nMessage-ID: <a@x>\r\n")


def test_an_attempt_that_is_not_recorded_leaves_no_file(tmp_path: Path) -> None:
    def refuse() -> None:
        raise LookupError("the books are closed")

    with MaildirTransport(MaildirSettings(path=tmp_path)) as transport, pytest.raises(LookupError):
        transport.deliver(*letter(), opened=refuse)

    assert files(tmp_path / "new") == files(tmp_path / "tmp") == []


def test_the_content_is_on_disk_before_the_attempt_is_opened_and_in_place_after_it(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    with MaildirTransport(MaildirSettings(path=tmp_path)) as transport:
        transport.deliver(
            *letter(), opened=lambda: seen.append((len(files(tmp_path / "tmp")), len(files(tmp_path / "new"))))
        )

    assert seen == [(1, 0)]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file, not a folder", encoding="utf-8")

    with pytest.raises(TransportError, match=r"could not be written to .*outbox"):
        deliver(tmp_path / "outbox", *letter())


def test_messages_are_for_the_owner_of_the_folder_alone(tmp_path: Path) -> None:
    old = os.umask(0o000)
    try:
        deliver(tmp_path / "outbox", *letter())
    finally:
        os.umask(old)

    [name] = files(tmp_path / "outbox" / "new")
    assert (tmp_path / "outbox" / "new" / name).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "outbox" / "new").stat().st_mode & 0o777 == 0o700
