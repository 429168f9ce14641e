"""A zone in memory, and the world's name servers over a real socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from newsletter.errors import UsageError
from newsletter.trust import DnsNames, NameFault, Names, read_zone

ZONE = """\
example.org. IN TXT "v=spf1 " "-all"
example.org. IN TXT "another"
example.org. IN MX 20 second.example.org.
example.org. IN MX 10 First.Example.org.
example.org. IN A 192.0.2.1
example.org. IN AAAA 2001:db8::1
www.example.org. IN CNAME example.org.
here.example.org. IN CNAME there.example.org.
there.example.org. IN CNAME here.example.org.
nomail.example.org. IN MX 0 .
1.2.0.192.in-addr.arpa. IN PTR example.org.
latin.example.org. IN TXT "\\233t\\233"
"""

Server = Callable[[dns.message.Message], dns.message.Message | None]


def answered(query: dns.message.Message) -> dns.message.Message | None:
    """What a small name server says of ZONE; silent and broken names behave so."""
    name = query.question[0].name.to_text().lower()
    if name.startswith("silent"):
        return None
    response = dns.message.make_response(query)
    response.flags |= dns.flags.RA
    if name.startswith("broken"):
        response.set_rcode(dns.rcode.SERVFAIL)
        return response
    lines = [line.split(" ", 3) for line in ZONE.splitlines()]
    while aliases := [line for line in lines if line[0] == name and line[2] == "CNAME"]:
        response.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", aliases[0][3]))
        lines.remove(aliases[0])
        name = aliases[0][3]
    kind = dns.rdatatype.to_text(query.question[0].rdtype)
    values = [value for owner, _, its_kind, value in lines if owner == name and its_kind == kind]
    if values:
        response.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *values))
    elif name not in {line[0] for line in lines}:
        response.set_rcode(dns.rcode.NXDOMAIN)
    return response


@pytest.fixture(scope="module")
def name_server() -> Iterator[int]:
    """The port of a name server on this machine."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            octets, asker = listening.recvfrom(4096)
            if not octets:
                return
            response = answered(dns.message.from_wire(octets))
            if response is not None:
                listening.sendto(response.to_wire(), asker)

    thread = threading.Thread(target=serve)
    thread.start()
    yield listening.getsockname()[1]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
        last.sendto(b"", listening.getsockname())
    thread.join()
    listening.close()


@pytest.fixture(params=["zone", "dns"])
def names(request: pytest.FixtureRequest) -> Names:
    if request.param == "zone":
        return read_zone(ZONE, called="test", silent=["silent.example.org", "broken.example.org"])
    return DnsNames(server="127.0.0.1", port=request.getfixturevalue("name_server"), timeout_s=0.5)


def test_the_strings_of_a_text_are_joined_with_nothing_between_them(names: Names) -> None:
    assert sorted(names.txt("example.org")) == ["another", "v=spf1 -all"]


def test_a_text_keeps_each_octet(names: Names) -> None:
    assert names.txt("latin.example.org") == ("été",)


def test_exchanges_come_best_first_in_lower_case(names: Names) -> None:
    assert names.mx("EXAMPLE.org.") == ((10, "first.example.org"), (20, "second.example.org"))


def test_a_domain_that_takes_no_mail_has_an_exchange_without_a_name(names: Names) -> None:
    assert names.mx("nomail.example.org") == ((0, ""),)


def test_both_kinds_of_addresses_are_found(names: Names) -> None:
    assert names.a("example.org") == ("192.0.2.1", "2001:db8::1")


def test_an_alias_is_followed(names: Names) -> None:
    assert names.a("www.example.org") == ("192.0.2.1", "2001:db8::1")


def test_an_address_has_a_name(names: Names) -> None:
    assert (names.ptr("192.0.2.1"), names.ptr("2001:db8::9")) == (("example.org",), ())


@pytest.mark.parametrize("name", ["nowhere.example.org", "first..example.org", f"{'a' * 64}.example.org", "."])
def test_nothing_is_an_empty_answer_and_so_is_a_name_that_cannot_be(names: Names, name: str) -> None:
    assert (names.txt(name), names.mx(name), names.a(name)) == ((), (), ())


@pytest.mark.parametrize("name", ["silent.example.org", "broken.example.org"])
def test_no_answer_is_a_fault_in_a_sentence_and_never_an_empty_answer(names: Names, name: str) -> None:
    for ask in (names.txt, names.mx, names.a):
        with pytest.raises(NameFault, match=rf"{name} \(\w+\).*Try again later\.$"):
            ask(name)


def test_aliases_that_go_round_are_a_fault(names: Names) -> None:
    with pytest.raises(NameFault, match=r"^The name server cannot answer for here\.example\.org \(A\)"):
        names.a("here.example.org")


def test_a_server_that_is_away_is_waited_for_once_for_each_question() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        names = DnsNames(server="127.0.0.1", port=deaf.getsockname()[1], timeout_s=0.1)
        for _ in range(3):
            with pytest.raises(NameFault, match=r"within 0\.1 s"):
                names.txt("example.org")

        asked = len(deaf.recv(4096))
        deaf.setblocking(False)
        with pytest.raises(BlockingIOError):
            deaf.recv(4096)
    assert asked


def test_a_network_that_is_away_is_not_waited_for_again_and_again() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        names = DnsNames(server="127.0.0.1", port=deaf.getsockname()[1], timeout_s=0.1)
        for number in range(3):
            with pytest.raises(NameFault, match="within"):
                names.txt(f"{number}.example.org")

        with pytest.raises(NameFault, match=r"^No name server answers\. Check the network, or set dns\.server\.$"):
            names.txt("3.example.org")


@pytest.mark.parametrize("text", ['example.org. IN TXT "open', "example.org. IN FOO x", "example.org. IN A 300.1.1.1"])
def test_what_is_no_zone_file_is_said_with_the_line(text: str) -> None:
    with pytest.raises(UsageError, match=r"^my\.zone: is no zone file \(by line [23]: .*\)\. Write lines as"):
        read_zone(f"; a comment\n{text}\n", called="my.zone")
