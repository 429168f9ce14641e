"""The machine of a provider, as far as a transport sees it: takes posts and answers by a script, or breaks off.

Each answer is recorded from the documentation of Amazon SES, Mailgun or Postmark.
"""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from ledger_rows import NOW

from newsletter.delivery.transports import MailgunSettings, PostmarkSettings, SesSettings, Transport
from newsletter.delivery.transports.mailgun import MailgunTransport
from newsletter.delivery.transports.postmark import PostmarkTransport
from newsletter.delivery.transports.ses import SesTransport

NAMES = ("ses", "mailgun", "postmark")
TAKEN_BODY = {
    "ses": b'{"MessageId":"0102018f-ses"}',
    "mailgun": b'{"id":"<20261124.1@mg.example.org>","message":"Queued. Thank you."}',
    "postmark": b'{"To":"r1@example.org","SubmittedAt":"2026-11-24T09:00:00Z","MessageID":"0a129aee-e1cd-480d",'
    b'"ErrorCode":0,"Message":"OK"}',
}


@dataclass(frozen=True)
class Said:
    """One answer: octets on the wire if `raw` is set, else status, body and fields. Then perhaps an abrupt end."""

    status: int = 200
    body: bytes = b""
    fields: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    end: str = ""  # "reset", "close" or "silence"


@dataclass(frozen=True)
class Post:
    """What a transport posted."""

    path: str
    fields: dict[str, str]
    body: bytes


class ProviderServer:
    """Answers posts by the `script`, in order, and all others with `usual`; keeps what was posted."""

    def __init__(self, usual: bytes = b"{}", script: Sequence[Said] = (), *, tls: ssl.SSLContext | None = None) -> None:
        self.posts: list[Post] = []
        self.usual = usual
        self.script = list(script)
        self.gate: Callable[[Post], None] = lambda _post: None
        self.connections = 0
        self.released = threading.Event()
        self.hung_up = threading.Event()
        self._lock = threading.Lock()
        self._server = _Listener(("127.0.0.1", 0), _handler(self))
        self._server.hung_up = self.hung_up
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(poll_interval=0.01))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def hear(self, post: Post) -> Said:
        with self._lock:
            self.posts.append(post)
            said = self.script.pop(0) if self.script else Said(body=self.usual)
        self.gate(post)
        return said


class _Listener(ThreadingHTTPServer):
    hung_up: threading.Event

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.hung_up.set()


def _handler(server: ProviderServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Without it the two writes of an answer waited 40 ms for each other.
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            server.connections += 1

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                self.close_connection = True

        def do_POST(self) -> None:  # its name
            body = self.rfile.read(int(self.headers["Content-Length"]))
            said = server.hear(Post(self.path, dict(self.headers), body))
            if said.raw is not None:
                self.wfile.write(said.raw)
            elif not said.end:
                self.send_response(said.status)
                for name, value in said.fields.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said.body)))
                self.end_headers()
                self.wfile.write(said.body)
            if said.end == "silence":
                server.released.wait(30)
            if said.end == "reset":
                # Lingering for no time at all makes the kernel send RST.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            if said.end:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def transport_to(name: str, port: int, *, tls: ssl.SSLContext | None = None, read_s: float = 10.0) -> Transport:
    """The transport of that provider, calling this machine; in clear without `tls`."""
    place: dict[str, Any] = {"host": "127.0.0.1", "port": port, "insecure": tls is None, "read_timeout_s": read_s}
    if name == "ses":
        ses = SesSettings(region="eu-west-1", access_key="AKIDEXAMPLE", secret_key="secret", **place)
        return SesTransport(ses, clock=lambda: NOW, context=tls)
    if name == "mailgun":
        return MailgunTransport(MailgunSettings(domain="mg.example.org", key="secret", **place), context=tls)
    return PostmarkTransport(PostmarkSettings(token="secret", **place), context=tls)


def message_in(name: str, post: Post) -> bytes:
    """The message as the provider got it; for Postmark what it has been told of text and Message-ID."""
    if name == "ses":
        return base64.b64decode(json.loads(post.body)["Content"]["Raw"]["Data"])
    if name == "mailgun":
        return form_in(post)["message"]
    said = json.loads(post.body)
    ids = [each["Value"] for each in said["Headers"] if each["Name"].lower() == "message-id"]
    return outline(ids[0] if ids else "", said["Subject"], said.get("TextBody", ""))


def outline(message_id: str, subject: str, text: str) -> bytes:
    """What of a message must reach Postmark's readers, in one spelling."""
    return "\n".join((message_id, subject, text.replace("\r\n", "\n"))).encode()


def outline_of(message: bytes) -> bytes:
    """The outline of a message of ours that is plain text."""
    parsed = message_from_bytes(message, policy=HTTP)
    text = parsed.get_payload(decode=True)
    assert isinstance(text, bytes)
    return outline(parsed["Message-ID"] or "", parsed["Subject"] or "", text.decode())


def form_in(post: Post) -> dict[str, bytes]:
    """The fields of a form (RFC 7578) by name."""
    boundary = post.fields["Content-Type"].partition("boundary=")[2].encode()
    parts = post.body.split(b"--" + boundary)[1:-1]
    found = {}
    for part in parts:
        head, _, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        found[head.partition(b'name="')[2].partition(b'"')[0].decode()] = value.removesuffix(b"\r\n")
    return found
