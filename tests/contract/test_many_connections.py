"""F17 and kills with four connections to each sender, over PostgreSQL and SQLite."""

from __future__ import annotations

import threading

import pytest
from ledger_rows import Hands, change, release, tally
from many_senders import SENT, Processes, Verdict, judge, kill_often
from scripted_smtp import ScriptedSmtp

from newsletter.delivery import send_edition
from newsletter.delivery.transports import MemoryTransport, SmtpSettings, Tls, Transport, open_transport
from newsletter.model import DeliveryState
from newsletter.store import Store
from newsletter.store.tables import subscribers

CONNECTIONS = 4


def url_of(store: Store) -> str:
    return store.url.render_as_string(hide_password=False)


def relay_at(port: int) -> Transport:
    return open_transport(SmtpSettings(host="127.0.0.1", port=port, tls=Tls.NONE))


@pytest.mark.parametrize("senders", [2, 4])
@pytest.mark.parametrize("round_", [1, *(pytest.param(n, marks=pytest.mark.faults) for n in range(2, 26))])
def test_senders_with_four_connections_each_share_the_queue(store: Store, senders: int, round_: int) -> None:
    edition_id, broken = release(store, 160, chunk=9 + round_), list[BaseException]()

    def work(number: int, port: int) -> None:
        hands = Hands(MemoryTransport(), token=f"here.1.1.{number}")
        try:
            send_edition(store, edition_id, hands.run(open_transport=lambda: relay_at(port), connections=CONNECTIONS))
        except BaseException as error:  # noqa: BLE001  # a thread's end has to be seen outside it
            broken.append(error)

    with ScriptedSmtp() as server:
        threads = [threading.Thread(target=work, args=(number, server.port)) for number in range(senders)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert broken == []
    assert judge(store, edition_id, server.message_ids) == Verdict(readers=160, doubted=0, doubled=0)


def test_five_kills_leave_four_in_doubt_each_and_double_nobody(store: Store) -> None:
    edition_id = release(store, 250, chunk=60)

    with Processes("choosy_process.py") as processes:
        server = kill_often(processes, url_of(store), edition_id, ["connections=4"], kills=5, most=25)

    found = judge(store, edition_id, server.message_ids)
    assert (found.readers, found.doubled) == (250, 0)
    assert found.doubted <= 5 * CONNECTIONS


@pytest.mark.faults
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("rule", ["hold", "resend=1"])
def test_a_hundred_kills_on_postgresql(postgresql: Store, rule: str, capsys: pytest.CaptureFixture[str]) -> None:
    edition_id, limit = release(postgresql, 6_000), 100 * CONNECTIONS
    words = ["connections=4", *([rule] if "=" in rule else [])]

    with Processes("choosy_process.py") as processes:
        server = kill_often(processes, url_of(postgresql), edition_id, words, kills=100, most=60)

    found = judge(postgresql, edition_id, server.message_ids)
    with capsys.disabled():
        print(f"PostgreSQL, 100 kills, {words}: {found}")  # noqa: T201  # the figures are told to people
    assert found.readers == 6_000
    assert found.doubled <= (limit if "=" in rule else 0)
    assert found.doubted <= (0 if "=" in rule else limit)


def test_readers_who_leave_beside_four_connections_are_not_mailed_afterwards(store: Store) -> None:
    edition_id, gone = release(store, 60), list[tuple[str, int]]()

    def leave(command: str) -> None:
        # Their own message is far behind those that are in flight.
        number = int(command.partition(":<r")[2].partition("@")[0] or 0)
        if number and number % 10 == 5 and number + 20 <= 60:
            change(store, subscribers, number + 20, state="unsubscribed")
            gone.append((f"r{number + 20}@example.org", number + 20))

    with ScriptedSmtp({"rcpt": leave}) as server:
        hands = Hands(MemoryTransport())
        send_edition(
            store, edition_id, hands.run(open_transport=lambda: relay_at(server.port), connections=CONNECTIONS)
        )

    mailed = b"".join(server.accepted)
    assert len(gone) >= 2
    assert [address for address, _ in gone if f"To: {address}".encode() in mailed] == []
    assert tally(store, edition_id) == {SENT: 60 - len(gone), DeliveryState.CANCELLED: len(gone)}
