"""Archives as newsletter programs export them, and such as only an attacker writes (S19)."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Callable

import pytest

from newsletter.errors import UsageError
from newsletter.store import Store
from newsletter.subscribers import Arrival, BadRow, Consent, Intake, import_rows, open_source
from newsletter.subscribers import archives as limits

SUBSCRIBED = (
    "Email Address,First Name,MEMBER_RATING,LEID,EUID\nada@example.org,Ada,2,1,a\ncleo@example.org,Cleo,2,2,b\n"
)
UNSUBSCRIBED = (
    "Email Address,First Name,MEMBER_RATING,UNSUB_TIME,LEID,EUID\ncleo@example.org,Cleo,2,2022-02-02 02:02:02,2,b\n"
)
SUBSTACK = "email,active_subscription,expiry,email_disabled,created_at\nada@example.org,false,,false,2021-03-04\n"


def packed(*members: tuple[str | zipfile.ZipInfo, str | bytes]) -> bytes:
    octets = io.BytesIO()
    with zipfile.ZipFile(octets, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members:
            archive.writestr(name, text)
    return octets.getvalue()


def sentence(octets: bytes) -> str:
    with pytest.raises(UsageError) as caught:
        open_source(io.BytesIO(octets), name="export.zip")
    return str(caught.value)


def test_an_archive_of_mailchimp_is_read_with_those_who_left_first(
    store: Store, intake: Intake, consent: Consent
) -> None:
    octets = packed(
        ("subscribed_members_export_1.csv", SUBSCRIBED), ("unsubscribed_members_export_1.csv", UNSUBSCRIBED)
    )

    source = open_source(io.BytesIO(octets), name="export.zip")
    report = import_rows(store, source.rows, consent=consent, intake=intake)

    assert source.files == ("unsubscribed_members_export_1.csv", "subscribed_members_export_1.csv")
    assert {arrival: number for arrival, number in report.counts.items() if number} == {
        Arrival.ADDED: 1,
        Arrival.SUPPRESSED: 1,
        Arrival.WITHHELD: 1,
    }
    assert [(problem.file[:12], problem.line) for problem in report.problems] == [
        ("unsubscribed", 2),
        ("subscribed_m", 3),
    ]


def test_only_the_list_of_readers_is_read_from_an_archive_of_substack() -> None:
    octets = packed(
        ("posts.csv", "post_id,title\n1,Spring\n"),
        ("posts/1.opens.csv", "email,opened\nwim@example.org,1\n"),
        ("posts/subscribers.csv", "email\nwim@example.org\n"),
        ("posts/1.html", "<p>Spring</p>"),
        ("email_list.harbour.csv", SUBSTACK),
    )

    source = open_source(io.BytesIO(octets), name="export.zip")

    assert (source.origin.name, source.files) == ("substack", ("email_list.harbour.csv",))
    assert [row.line for row in source.rows] == [2]


def test_a_bad_row_in_an_archive_names_its_file_and_line() -> None:
    octets = packed(("members.csv", b"email,name\nada@example.org,Ada\nben@example.org,Ren\xe9\n"))

    rows = list(open_source(io.BytesIO(octets), name="export.zip").rows)

    assert isinstance(rows[1], BadRow)
    assert (rows[1].file, rows[1].line) == ("members.csv", 3)


def test_a_header_that_cannot_be_used_names_archive_file_and_line() -> None:
    assert sentence(packed(("members.csv", "name\nAda\n"))).startswith("export.zip/members.csv:1: the first line names")


class Pipe(io.RawIOBase):
    """Octets that cannot be sought in and come in small pieces."""

    def __init__(self, octets: bytes) -> None:
        self._octets = io.BytesIO(octets)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        piece = self._octets.read(min(7, len(buffer)))
        buffer[: len(piece)] = piece
        return len(piece)


@pytest.mark.parametrize("octets", [packed(("members.csv", "email\nada@example.org\n")), b"email\nada@example.org\n"])
def test_archives_and_lists_come_through_a_pipe(octets: bytes) -> None:
    source = open_source(io.BufferedReader(Pipe(octets)), name="-")

    assert len(list(source.rows)) == 1


def linked() -> bytes:
    link = zipfile.ZipInfo("members.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    return packed((link, "/etc/passwd"))


def encrypted() -> bytes:
    octets = bytearray(packed(("members.csv", "email\nada@example.org\n")))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        octets[octets.index(mark) + flags] |= 1
    return bytes(octets)


def renamed(name: bytes) -> bytes:
    return packed(("m" * len(name), "email\n")).replace(b"m" * len(name), name)


def lying_about_its_size() -> bytes:
    octets = bytearray(packed(("members.csv", "email\n" + "ada@example.org\n" * 100)))
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", octets, octets.index(mark) + place, 20)
    return bytes(octets)


def doubled() -> bytes:
    with pytest.warns(UserWarning, match="Duplicate name"):
        return packed(("members.csv", "email\n"), ("members.csv", "email\n"))


ATTACKS: list[tuple[str, Callable[[], bytes], str]] = [
    ("bomb", lambda: packed(("members.csv", b"\0" * 30_000_000)), "unpacks to more than 100 times its size"),
    ("bomb beside the list", lambda: packed(("members.csv", "email\n"), ("x.html", b"\0" * 30_000_000)), "100 times"),
    ("absolute", lambda: packed(("/etc/members.csv", "email\n")), "leads out of the archive"),
    ("traversal", lambda: packed(("../members.csv", "email\n")), "leads out of the archive"),
    ("deep traversal", lambda: packed(("a/../../members.csv", "email\n")), "leads out of the archive"),
    ("backslash", lambda: renamed(b"..\\members.csv"), "leads out of the archive"),
    ("drive", lambda: packed(("C:members.csv", "email\n")), "leads out of the archive"),
    ("NUL", lambda: renamed(b"members.csv\0.png"), "leads out of the archive"),
    ("link", linked, "is a link or a device"),
    ("encrypted", encrypted, "is encrypted"),
    ("nested", lambda: packed(("members.csv", "email\n"), ("more.ZIP", "PK")), "is an archive itself"),
    ("doubled", doubled, "two members of the same name"),
    ("doubled in another case", lambda: packed(("members.csv", "email\n"), ("Members.csv", "email\n")), "same name"),
    ("lying about its size", lying_about_its_size, "the archive is damaged"),
    ("cut off", lambda: packed(("members.csv", "email\n" * 99))[:60], "the archive is damaged"),
    ("without a list", lambda: packed(("posts.csv", "email\n")), "no list of readers is in it"),
    ("empty", packed, "no list of readers is in it"),
]


@pytest.mark.parametrize(("attack", "expected"), [case[1:] for case in ATTACKS], ids=[case[0] for case in ATTACKS])
def test_s19_an_archive_no_newsletter_program_writes_is_refused_with_a_sentence(
    attack: Callable[[], bytes], expected: str
) -> None:
    said = sentence(attack())

    assert said.startswith("export.zip: ")
    assert expected in said


def test_s19_the_number_of_members_has_a_limit() -> None:
    most = [(f"posts/{number}.html", "") for number in range(limits.MAX_MEMBERS - 1)]
    archive = packed(("members.csv", "email\nada@example.org\n"), *most)
    one_more = packed(("members.csv", "email\nada@example.org\n"), *most, ("one more.html", ""))

    assert len(list(open_source(io.BytesIO(archive), name="export.zip").rows)) == 1
    assert "more than 10,000 members" in sentence(one_more)


def test_s19_the_octets_unpacked_have_a_limit() -> None:
    octets = bytearray(packed(("members.csv", "email\n"), ("x.bin", "x")))
    last = octets.rindex(b"PK\x01\x02")
    struct.pack_into("<I", octets, last + 24, limits.MAX_UNPACKED_OCTETS)
    struct.pack_into("<I", octets, last + 20, limits.MAX_UNPACKED_OCTETS)

    assert "unpacks to more than 200 MB" in sentence(bytes(octets))


def test_who_left_is_not_let_in_by_a_header_that_nobody_knows(store: Store, intake: Intake, consent: Consent) -> None:
    plain = "Email Address,First Name\n{}@example.org,Someone\n"
    octets = packed(
        ("subscribed_members_export_1.csv", plain.format("ada")),
        ("unsubscribed_members_export_1.csv", plain.format("cleo")),
        ("cleaned_members_export_1.csv", plain.format("dora")),
    )

    report = import_rows(store, open_source(io.BytesIO(octets), name="export.zip").rows, consent=consent, intake=intake)

    assert {arrival: number for arrival, number in report.counts.items() if number} == {
        Arrival.ADDED: 1,
        Arrival.WITHHELD: 2,
    }
    assert report.refusals == 2
