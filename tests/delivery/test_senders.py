from __future__ import annotations

import os
import subprocess
import sys

import pytest

from newsletter.delivery.senders import is_gone, this_sender


def test_this_process_is_alive() -> None:
    assert not is_gone(this_sender("a1").token)


def test_a_process_that_ended_is_gone() -> None:
    script = "from newsletter.delivery import this_sender; print(this_sender('b').token)"
    token = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()

    assert is_gone(token)


def test_a_number_used_again_by_another_process_does_not_count_as_alive() -> None:
    scope, pid, start, nonce = this_sender("c").token.split(".")

    assert is_gone(f"{scope}.{pid}.{int(start) - 1}.{nonce}")


def test_a_killed_process_that_nobody_has_asked_about_is_gone() -> None:
    script = (
        "import sys; from newsletter.delivery import this_sender; print(this_sender('z').token, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as it:
        assert it.stdout is not None
        token = it.stdout.readline().strip()
        assert not is_gone(token)

        it.kill()
        os.waitid(os.P_PID, it.pid, os.WEXITED | os.WNOWAIT)

        assert is_gone(token)


def test_another_container_cannot_be_judged() -> None:
    _scope, _pid, start, nonce = this_sender("d").token.split(".")

    assert not is_gone(f"1.999999999.{start}.{nonce}")


@pytest.mark.parametrize("token", ["", "x", "a.b.c.d", "1.2.3", f"1.{10**30}.1.a", "....", "1.-1.1.a"])
def test_a_token_that_is_none_is_never_called_dead(token: str) -> None:
    assert not is_gone(token)


@pytest.mark.parametrize("pid", [10**30, 0, -1])
def test_a_number_that_no_process_has_is_not_judged(pid: int) -> None:
    scope = this_sender("e").token.split(".")[0]

    assert not is_gone(f"{scope}.{pid}.1.a")


def test_tokens_fit_their_column_and_tell_threads_apart() -> None:
    one, other = this_sender("0123456789abcdef"), this_sender("fedcba9876543210")

    assert one.token != other.token
    assert one.boot_id == other.boot_id
    assert max(len(one.token), len(one.boot_id)) <= 64
    assert str(os.getpid()) in one.token


@pytest.mark.parametrize("nonce", ["a.b", "x" * 64])
def test_a_nonce_that_would_break_the_token_is_refused(nonce: str) -> None:
    with pytest.raises(ValueError, match="nonce"):
        this_sender(nonce)
