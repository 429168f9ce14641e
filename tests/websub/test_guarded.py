"""Which addresses strangers may have us call, and how long we listen there."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from newsletter.websub import GuardedClient, HubRules, ask, is_on_this_machine
from newsletter.websub.reachable import Destination, destination_of, is_public

from .conftest import ATOM, Hub, Listener, answer

# However it is spelled, it leads to this machine, its network or its cloud, or nowhere.
PRIVATE = [
    "http://127.0.0.1/",
    "http://127.0.0.1:8080/",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0x7f.1/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://127.0.0.0x1/",
    "http://127.000.000.001/",
    "http://127.0.0.1./",
    "http://0/",
    "http://0.0.0.0/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.100.100.200/",
    "http://168.63.129.16/",
    "http://192.0.0.192/",
    "http://198.18.0.1/",
    "http://192.88.99.1/",
    "http://203.0.113.5/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b::10.0.0.1]/",
    "http://[64:ff9b:1::1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "http://[2001:db8::1]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fec0::1]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[ff02::1]/",
    "http://[::ffff:0:127.0.0.1]/",
]
ODD = [
    "http://user@example.com/",
    "http://example.com:80@127.0.0.1/",
    "http://example.com\\@127.0.0.1/",
    "http://127.0.0.1#@example.com/",
    "http://example.com /",
    "http://example.com/\r\nHost: 127.0.0.1",
    "http://ⓛocalhost/",
    "http://127。0。0。1/",
    "http://exa%6dple.com/",
    "http://[::1/",
    "http://[example.com]/",
    "http://[127.0.0.1]/",
    "http://example.com:99999/",
    "http://example.com:x/",
    "http://.example.com/",
    "http://example..com/",
    "http:///",
    "http:127.0.0.1/",
    "//example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "javascript:alert(1)",
    "",
    *(f"http://example.com:{port}/" for port in (0, 22, 25, 53, 110, 143, 389, 445, 465, 587, 993)),
]


def refuses(client: GuardedClient, url: str) -> bool:
    """Whether `client` says no without having opened any connection."""
    reply = client.get(url)
    return reply.status == 0 and ("public" in reply.fault or "address" in reply.fault or "port" in reply.fault)


@pytest.fixture
def guarded() -> GuardedClient:
    """Asks the system, as it does in real life; for a spelled-out address that needs no network."""
    return GuardedClient(limit_s=2)


@pytest.mark.parametrize("url", PRIVATE + ODD)
def test_no_private_or_odd_address_is_called(guarded: GuardedClient, url: str) -> None:
    assert refuses(guarded, url)


@pytest.mark.parametrize("url", PRIVATE + ODD)
def test_no_private_or_odd_address_is_taken_as_a_callback(hub: Hub, url: str) -> None:
    fields = {"hub.mode": "subscribe", "hub.topic": ATOM, "hub.callback": url}

    assert not ask(hub.store, fields, HubRules(is_topic=lambda topic: True), now=hub.now).taken


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::"]
)
def test_a_public_address_may_be_called(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4).filter(lambda address: not address.is_global))
def test_no_private_address_hides_inside_another(address) -> None:
    carriers = [f"::ffff:{address}", f"64:ff9b::{address}", f"::{address}", str(ip_address(_six_to_four(address)))]

    assert not any(is_public(each) for each in (str(address), *carriers))


def _six_to_four(address) -> bytes:
    return b"\x20\x02" + address.packed + bytes(10)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_a_sentence(text: str) -> None:
    place = destination_of(f"http://{text}")

    assert isinstance(place, Destination) or place.endswith(".")


def resolver(*rounds: Sequence[str]) -> Callable[[str, int], Sequence[str]]:
    """Answers each question with the next of `rounds`, as a name server under a stranger's control may."""
    answers = list(rounds)

    def resolve(host: str, port: int) -> Sequence[str]:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    return resolve


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["1.1.1.1", "127.0.0.1"],
        ["10.0.0.1", "1.1.1.1"],
        ["2606:4700::1111", "::1"],
        ["1.1.1.1", "fe80::1%eth0"],
        [],
        ["no address"],
    ],
)
def test_a_name_is_refused_when_one_of_its_addresses_is_private(addresses: list[str]) -> None:
    assert refuses(GuardedClient(resolve=resolver(addresses), limit_s=2), "http://callback.example.com/")


def test_a_name_that_turns_private_later_is_refused_then(hub: Hub, subscriber: Listener) -> None:
    callback = f"http://callback.example.com:{subscriber.server_address[1]}/"
    hub.change(atom="v1")
    # For as long as it is asked whether it meant it, the name passes; then its owner points it at us.
    hub.client = GuardedClient(resolve=resolver(["127.0.0.1"]), allow_private=True)
    hub.subscribe(callback)
    hub.client = GuardedClient(resolve=resolver(["127.0.0.1"]))

    hub.change(atom="v2")
    hub.run()

    assert subscriber.pushes() == []
    assert hub.tasks()[0]["reason"] == "callback.example.com is no public address, so it is not called."


def test_what_was_checked_is_what_is_called(subscriber: Listener) -> None:
    # Asked a second time, the resolver would lead elsewhere: it is asked once.
    asked = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    client = GuardedClient(resolve=resolve, allow_private=True)

    reply = client.post(f"http://callback.example.com:{subscriber.server_address[1]}/x?y", b"news", {})

    assert reply.is_success
    assert asked == ["callback.example.com"]
    assert subscriber.heard[0].headers["Host"] == f"callback.example.com:{subscriber.server_address[1]}"


def test_the_next_address_is_tried_when_one_takes_no_connection(subscriber: Listener) -> None:
    client = GuardedClient(resolve=resolver(["::1", "127.0.0.1"]), allow_private=True)

    assert client.get(f"http://callback.example.com:{subscriber.server_address[1]}/").is_success


def test_no_proxy_of_the_environment_is_asked(subscriber: Listener, listen, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = listen()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, proxy.url(""))

    GuardedClient(allow_private=True).get(subscriber.url())

    assert len(subscriber.heard) == 1
    assert proxy.heard == []


def test_no_redirect_is_followed(subscriber: Listener, listen) -> None:
    inside = listen()
    subscriber.behaviour = lambda heard, request: answer(request, 307, Location=inside.url("/admin"))

    reply = GuardedClient(allow_private=True).post(subscriber.url(), b"news", {})

    assert reply.status == 307
    assert inside.heard == []


# How long, and how much.


def drip(heard, request) -> None:
    """One octet at a time, for ever."""
    while not request.server.release.wait(0.02):
        request.wfile.write(b"H")
        request.wfile.flush()


def drip_body(heard, request) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    drip(heard, request)


def say_nothing(heard, request) -> None:
    request.server.release.wait(20)


@pytest.mark.parametrize("behaviour", [drip, drip_body, say_nothing])
def test_an_exchange_ends_in_time(subscriber: Listener, behaviour) -> None:
    subscriber.behaviour = behaviour
    began = time.monotonic()

    reply = GuardedClient(allow_private=True, limit_s=0.4).get(subscriber.url())

    assert reply.fault == "It did not answer within 0.4 seconds."
    assert time.monotonic() - began < 3


def test_a_resolver_that_does_not_answer_is_left(subscriber: Listener) -> None:
    never = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        never.wait(20)
        return ["127.0.0.1"]

    reply = GuardedClient(resolve=resolve, limit_s=0.3).get("http://callback.example.com/")
    never.set()

    assert reply.fault == "It did not answer within 0.3 seconds."


def test_a_name_without_addresses_is_a_fault_in_a_sentence() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    reply = GuardedClient(resolve=resolve).get("https://callback.example.com/?token=private")

    assert reply.fault == "It could not be reached (gaierror)."


def test_no_more_than_64_kb_are_read(subscriber: Listener) -> None:
    subscriber.behaviour = lambda heard, request: answer(request, 200, b"x" * 10_000_000)

    reply = GuardedClient(allow_private=True).get(subscriber.url())

    assert len(reply.body) == 65_536


@pytest.mark.parametrize(
    "octets", [b"", b"220 mail.example.org ESMTP\r\n", b"HTTP/1.1 200\r\n" + b"A: b\r\n" * 500 + b"\r\n", b"\x00" * 99]
)
def test_what_is_no_http_is_a_fault_in_a_sentence(subscriber: Listener, octets: bytes) -> None:
    def speak(heard, request) -> None:
        request.wfile.write(octets)
        request.close_connection = True

    subscriber.behaviour = speak

    assert GuardedClient(allow_private=True).get(subscriber.url()).fault.startswith("It could not be reached")


# Certificates.


@pytest.fixture
def secured(tmp_path) -> Iterator[tuple[int, ssl.SSLContext]]:
    """The port of a server that is callback.example.com, and a context that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "callback.example.com")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("callback.example.com")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "server.pem").write_bytes(pem + secret)
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(tmp_path / "server.pem")
    server = Listener()
    server.socket = server_side.wrap_socket(server.socket, server_side=True)
    yield server.server_address[1], ssl.create_default_context(cadata=pem.decode())
    server.shutdown()
    server.server_close()


def test_a_certificate_holds_for_the_name_not_for_the_address(secured: tuple[int, ssl.SSLContext]) -> None:
    port, context = secured
    client = GuardedClient(resolve=resolver(["127.0.0.1"]), allow_private=True, context=context)

    assert client.post(f"https://callback.example.com:{port}/", b"news", {}).is_success
    assert "Certificate" in client.get(f"https://other.example.com:{port}/").fault or "SSL" in (
        client.get(f"https://other.example.com:{port}/").fault
    )
    assert not client.get(f"https://127.0.0.1:{port}/").is_success
    assert context.check_hostname


def test_a_certificate_of_nobody_is_not_believed(secured: tuple[int, ssl.SSLContext]) -> None:
    port, _ = secured
    client = GuardedClient(resolve=resolver(["127.0.0.1"]), allow_private=True)

    assert client.get(f"https://callback.example.com:{port}/").status == 0


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("http://localhost:8000", True),
        ("http://news.localhost", True),
        ("http://127.0.0.1:8000", True),
        ("http://[::1]", True),
        ("https://news.example.org", False),
        ("http://192.168.1.7", False),
        ("http://localhost.example.org", False),
        ("http://[", False),
    ],
)
def test_only_a_newsroom_on_this_machine_has_callbacks_here(url: str, is_here: bool) -> None:
    assert is_on_this_machine(url) == is_here
