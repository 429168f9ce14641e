"""A real IMAP server for the tests: Dovecot in a folder of its own, without a line of the system's configuration."""

from __future__ import annotations

import grp
import imaplib
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from certificates import Authority

PASSWORD = "sesame-2026"

# Any user may log in with the one password, and has a mailbox of their own. A wrong password costs no waiting.
CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
disable_plaintext_auth = no
auth_failure_delay = 0
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 0
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Somebody's mail at the server; `authority` is a file with the certificate to trust."""

    port: int
    tls_port: int
    authority: Path
    user: str = "somebody"

    def of(self, user: str) -> Account:
        return replace(self, user=user)

    @property
    def maildir(self) -> Path:
        """Where the server keeps this mail."""
        return self.authority.parent / "mail" / self.user

    def keep(self, *messages: bytes, flags: str = "", mailbox: str = "INBOX") -> None:
        """Lay messages there, as a mail server does."""
        with self._client() as client:
            client.create(f'"{mailbox}"')
            for message in messages:
                answer, words = client.append(f'"{mailbox}"', flags, "", message)
                assert answer == "OK", words

    def flags(self, mailbox: str = "INBOX") -> dict[int, set[str]]:
        """The flags of each message there by its UID, but for \\Recent."""
        with self._client() as client:
            client.select(f'"{mailbox}"', readonly=True)
            _, parts = client.uid("FETCH", "1:*", "(FLAGS)")
        found = {}
        for part in parts:
            if part is not None:
                words = part.decode().replace("(", " ").replace(")", " ").split()
                flags = {word for word in words if word.startswith("\\") and word != "\\Recent"}
                found[int(words[words.index("UID") + 1])] = flags
        return found

    def remove(self, uid: int) -> None:
        """Delete a message, as its owner may."""
        with self._client() as client:
            client.select()
            client.uid("STORE", str(uid), "+FLAGS", "(\\Deleted)")
            client.expunge()

    @contextmanager
    def _client(self) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4("127.0.0.1", self.port, 20) as client:
            client.login(self.user, PASSWORD)
            yield client


@contextmanager
def dovecot(program: str) -> Iterator[Account]:
    """Dovecot, until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    # It serves no mail that belongs to root.
    person = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    account = Account(port=_free_port(), tls_port=_free_port(), authority=folder / "authority.pem")
    _write_certificates(folder)
    text = CONFIGURATION.format(
        folder=folder,
        user=person.pw_name,
        group=_group_of(person),
        uid=person.pw_uid,
        gid=person.pw_gid,
        password=PASSWORD,
        port=account.port,
        tls_port=account.tls_port,
    )
    (folder / "dovecot.conf").write_text(text)
    rights: dict[str, int] = {}
    if os.geteuid() == 0:
        for path in (folder, *folder.iterdir()):
            os.chown(path, person.pw_uid, person.pw_gid)
        rights = {"user": person.pw_uid, "group": person.pw_gid}
    words = [program, "-F", "-c", str(folder / "dovecot.conf")]
    with subprocess.Popen(words, extra_groups=[] if rights else None, **rights) as process:
        try:
            _wait_for(account, folder)
            yield account
        finally:
            process.terminate()
            process.wait(20)
            shutil.rmtree(folder)


def _write_certificates(folder: Path) -> None:
    authority = Authority(folder)
    authority.server()
    next(folder.glob("*.pem")).rename(folder / "server.pem")
    trusted = authority.trusting().get_ca_certs(binary_form=True)[0]
    (folder / "authority.pem").write_text(ssl.DER_cert_to_PEM_cert(trusted))


def _group_of(person: pwd.struct_passwd) -> str:
    return grp.getgrgid(person.pw_gid).gr_name


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _wait_for(account: Account, folder: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", account.port)) == 0:
                return
        time.sleep(0.02)
    log = folder / "log"
    raise AssertionError(f"Dovecot does not listen: {log.read_text() if log.exists() else 'it wrote no log'}")
