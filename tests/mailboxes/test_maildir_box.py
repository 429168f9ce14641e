"""Returned mail in a Maildir: what is taken, what stays, and what is never touched."""

from __future__ import annotations

import os
import pwd
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dovecot import Account
from taking import Taker, never, report

from newsletter.delivery.mailboxes import MAX_OCTETS, MaildirBox
from newsletter.delivery.transports import MaildirSettings, MaildirTransport
from newsletter.errors import TransportError
from newsletter.model import Envelope


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "returned"
    for part in ("tmp", "new", "cur"):
        (path / part).mkdir(parents=True)
    return path


def lay(folder: Path, name: str, message: bytes, *, age_s: int = 0) -> Path:
    file = folder / name
    file.write_bytes(message)
    os.utime(file, (1_700_000_000 - age_s,) * 2)
    return file


def names(folder: Path) -> dict[str, list[str]]:
    return {part: sorted(each.name for each in (folder / part).iterdir()) for part in ("new", "cur")}


def test_what_is_new_is_taken_oldest_first_and_marked_as_seen(folder: Path) -> None:
    lay(folder, "new/1.a.host", report(1), age_s=10)
    lay(folder, "new/2.b.host", report(2), age_s=30)
    lay(folder, "new/3.c.host", report(3), age_s=20)
    taker = Taker()

    collected = MaildirBox(folder).collect(taker, stop=never)

    assert taker.messages == [report(2), report(3), report(1)]
    assert (collected.taken, collected.failed, collected.fault) == (3, 0, "")
    assert names(folder) == {"new": [], "cur": ["1.a.host:2,S", "2.b.host:2,S", "3.c.host:2,S"]}


def test_second_look_takes_nothing_again(folder: Path) -> None:
    lay(folder, "new/1.a.host", report(1))
    box, taker = MaildirBox(folder), Taker()
    box.collect(taker, stop=never)

    collected = box.collect(taker, stop=never)

    assert taker.messages == [report(1)]
    assert collected.taken == 0


def test_missing_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "var" / "returned"

    collected = MaildirBox(path).collect(Taker(), stop=never)

    assert collected.taken == 0
    assert {part: (path / part).stat().st_mode & 0o777 for part in ("tmp", "new", "cur")} == dict.fromkeys(
        ("tmp", "new", "cur"), 0o700
    )


def test_message_that_another_program_moved_unseen_is_taken(folder: Path) -> None:
    lay(folder, "cur/1.a.host:2,", report(1), age_s=2)
    lay(folder, "cur/2.b.host:2,FR", report(2), age_s=1)
    lay(folder, "cur/3.c.host", report(3))
    lay(folder, "cur/4.d.host:2,RS", report(4))
    taker = Taker()

    MaildirBox(folder).collect(taker, stop=never)

    assert taker.messages == [report(1), report(2), report(3)]
    assert names(folder)["cur"] == ["1.a.host:2,S", "2.b.host:2,FRS", "3.c.host:2,S", "4.d.host:2,RS"]


def test_message_that_cannot_be_taken_stays_and_the_others_go_on(folder: Path) -> None:
    for number in range(1, 5):
        lay(folder, f"new/{number}.a.host", report(number), age_s=10 - number)
    taker = Taker(refuses=lambda message: message in (report(1), report(3)))

    collected = MaildirBox(folder).collect(taker, stop=never)

    assert taker.messages == [report(2), report(4)]
    assert names(folder) == {"new": ["1.a.host", "3.a.host"], "cur": ["2.a.host:2,S", "4.a.host:2,S"]}
    assert (collected.taken, collected.failed) == (2, 2)
    assert collected.fault.endswith("(the disk is full for <an address>. Make room). Another one stays there, too.")


def test_message_that_could_not_be_taken_is_offered_again(folder: Path) -> None:
    lay(folder, "new/1.a.host", report(1))
    box, taker = MaildirBox(folder), Taker(refuses=lambda _: True)
    box.collect(taker, stop=never)
    taker.refuses = lambda _: False

    box.collect(taker, stop=never)

    assert taker.messages == [report(1)]


def test_message_stays_when_the_taker_raises_anything(folder: Path) -> None:
    lay(folder, "new/1.a.host", report(1))

    def take(message: bytes, recipients: object) -> None:
        raise KeyError("ada@example.org")

    collected = MaildirBox(folder).collect(take, stop=never)

    assert names(folder)["new"] == ["1.a.host"]
    assert "KeyError" in collected.fault
    assert "ada@example.org" not in collected.fault


def test_nothing_in_cur_is_overwritten(folder: Path) -> None:
    lay(folder, "cur/1.a.host:2,S", b"the older one")
    lay(folder, "new/1.a.host", report(1))

    MaildirBox(folder).collect(Taker(), stop=never)

    assert (folder / "cur" / "1.a.host:2,S").read_bytes() == b"the older one"
    assert (folder / "cur" / "1.a.host.1:2,S").read_bytes() == report(1)


def test_longer_message_is_cut_and_taken(folder: Path) -> None:
    lay(folder, "new/1.a.host", report(1) + b"x" * 3 * MAX_OCTETS)
    taker = Taker()

    MaildirBox(folder).collect(taker, stop=never)

    assert [len(message) for message in taker.messages] == [MAX_OCTETS]
    assert (folder / "cur" / "1.a.host:2,S").stat().st_size > 3 * MAX_OCTETS


@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe", "folder", "socket"])
@pytest.mark.parametrize("part", ["new", "cur"])
def test_what_is_no_file_is_left_alone_and_told(folder: Path, tmp_path: Path, kind: str, part: str) -> None:
    odd = folder / part / "0.odd"
    (tmp_path / "secret").write_bytes(b"not mail")
    match kind:
        case "link":
            odd.symlink_to(tmp_path / "secret")
        case "dangling link":
            odd.symlink_to(tmp_path / "nothing")
        case "pipe":
            os.mkfifo(odd)
        case "folder":
            odd.mkdir()
        case "socket":
            with socket.socket(socket.AF_UNIX) as sock:
                sock.bind(os.path.relpath(odd))
    lay(folder, "new/1.a.host", report(1))
    taker = Taker()

    collected = MaildirBox(folder).collect(taker, stop=never)

    assert taker.messages == [report(1)]
    assert (collected.taken, collected.failed) == (1, 1)
    assert collected.fault.endswith("is no ordinary file, and stays unread. Move it away.")
    assert os.path.lexists(odd)


def test_unreadable_file_is_left_alone_and_told() -> None:
    # Not under pytest's folder, which is closed to the person that root becomes.
    with tempfile.TemporaryDirectory() as place, unprivileged(Path(place)):
        box = MaildirBox(Path(place) / "returned")
        box.collect(Taker(), stop=never)
        file = lay(Path(place), "returned/new/1.a.host", report(1))
        file.chmod(0)

        collected = box.collect(Taker(), stop=never)

        assert file.exists()
    assert (collected.taken, collected.failed) == (0, 1)
    assert "1.a.host: cannot be read (Permission denied). Look at it" in collected.fault


@contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """Be somebody who owns `folder` and may not read everything."""
    if os.geteuid() != 0:
        yield
        return
    nobody = pwd.getpwnam("nobody").pw_uid
    os.chown(folder, nobody, -1)
    os.seteuid(nobody)
    try:
        yield
    finally:
        os.seteuid(0)


def test_hidden_files_are_no_messages(folder: Path) -> None:
    lay(folder, "new/.keep", b"")

    collected = MaildirBox(folder).collect(Taker(), stop=never)

    assert (collected.taken, collected.failed) == (0, 0)
    assert names(folder)["new"] == [".keep"]


def test_message_that_vanishes_meanwhile_is_no_fault(folder: Path) -> None:
    lay(folder, "new/1.a.host", report(1), age_s=2)
    second = lay(folder, "new/2.a.host", report(2), age_s=1)
    taker = Taker()

    def take(message: bytes, recipients: tuple[str, ...]) -> None:
        taker(message, recipients)
        second.unlink()

    collected = MaildirBox(folder).collect(take, stop=never)

    assert taker.messages == [report(1)]
    assert (collected.taken, collected.failed) == (1, 0)


def test_message_that_another_collector_moved_meanwhile_is_no_fault(folder: Path) -> None:
    lay(folder, "new/1.a.host", report(1))

    def take(message: bytes, recipients: tuple[str, ...]) -> None:
        MaildirBox(folder).collect(Taker(), stop=never)

    collected = MaildirBox(folder).collect(take, stop=never)

    assert collected.failed == 0
    assert names(folder) == {"new": [], "cur": ["1.a.host:2,S"]}


def test_two_collectors_lose_nothing(folder: Path) -> None:
    for number in range(200):
        lay(folder, f"new/{number:03}.a.host", report(number))
    together, takers, failed = threading.Barrier(3), [Taker() for _ in range(3)], []

    def collect(taker: Taker) -> None:
        together.wait()
        failed.append(MaildirBox(folder).collect(taker, stop=never).failed)

    threads = [threading.Thread(target=collect, args=(taker,)) for taker in takers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == [0, 0, 0]
    assert {message for taker in takers for message in taker.messages} == {report(number) for number in range(200)}
    assert names(folder) == {"new": [], "cur": [f"{number:03}.a.host:2,S" for number in range(200)]}


def test_stop_is_heard_between_two_messages(folder: Path) -> None:
    for number in range(5):
        lay(folder, f"new/{number}.a.host", report(number), age_s=10 - number)
    taker = Taker()

    MaildirBox(folder).collect(taker, stop=lambda: len(taker.taken) == 2)

    assert taker.messages == [report(0), report(1)]
    assert len(names(folder)["new"]) == 3


def test_what_our_own_transport_wrote_is_taken(folder: Path) -> None:
    """A newsroom may have its reports in the very form in which it writes its outbox."""
    with MaildirTransport(MaildirSettings(path=folder)) as transport:
        transport.deliver(Envelope(sender="", recipient="owner@example.org"), report(1), opened=lambda: None)
    taker = Taker()

    MaildirBox(folder).collect(taker, stop=never)

    assert taker.messages == [report(1)]


def test_folder_that_cannot_be_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "returned").write_text("a file")

    with pytest.raises(TransportError, match=r"returned: the Maildir cannot be read \(Not a directory\)\. Check"):
        MaildirBox(tmp_path / "returned").collect(Taker(), stop=never)


def test_file_with_an_undecodable_name_is_taken(folder: Path) -> None:
    (Path(os.fsdecode(os.fsencode(folder) + b"/new/1.\xff.host"))).write_bytes(report(1))
    taker = Taker()

    collected = MaildirBox(folder).collect(taker, stop=never)

    assert taker.messages == [report(1)]
    assert collected.failed == 0


def test_message_that_was_taken_and_cannot_be_moved_is_told(folder: Path) -> None:
    lay(folder, "new/1.a.host", report(1))

    def take(message: bytes, recipients: tuple[str, ...]) -> None:
        (folder / "cur").rmdir()
        (folder / "cur").write_text("a file")

    collected = MaildirBox(folder).collect(take, stop=never)

    assert (collected.taken, collected.failed) == (0, 1)
    assert "was taken, but cannot be moved to cur (Not a directory)" in collected.fault
    assert (folder / "new" / "1.a.host").exists()


def test_maildir_that_a_mail_server_keeps_is_read_beside_it(account: Account) -> None:
    """Servers keep messages with bare line feeds in their Maildirs."""
    account.keep(report(1), report(2), report(3))
    account.keep(report(4), flags="\\Seen")
    taker = Taker(refuses=lambda message: b"Returned 2" in message)

    collected = MaildirBox(account.maildir).collect(taker, stop=never)

    assert sorted(taker.messages) == [report(number).replace(b"\r", b"") for number in (1, 3)]
    assert (collected.taken, collected.failed) == (2, 1)
    assert sorted(account.flags().values(), key=len) == [set(), {"\\Seen"}, {"\\Seen"}, {"\\Seen"}]


def test_fault_holds_no_address(folder: Path) -> None:
    (folder / "new" / "1.ada@example.org").mkdir()

    collected = MaildirBox(folder).collect(Taker(), stop=never)

    assert collected.failed == 1
    assert "ada@example.org" not in collected.fault
