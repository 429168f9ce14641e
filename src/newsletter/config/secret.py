"""A word that must not be printed: passwords, and database addresses that hold one."""

from __future__ import annotations

MASK = "********"


class Secret:
    """A value that shows itself only to who asks for it by `reveal()`.

    A plain class rather than a dataclass, so that `dataclasses.asdict` does not unpack it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Keep `value` out of every repr, log line and traceback."""
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for the wire only."""
        return self._value

    def __repr__(self) -> str:
        """A mask, always."""
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        """A mask, always."""
        return MASK

    def __eq__(self, other: object) -> bool:
        """Whether both hide the same value."""
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        """Equal secrets hash equal."""
        return hash(self._value)


def mask_url(url: str) -> str:
    """`url` without its password: neither before the host nor in a query such as `?sslpassword=…`.

    Everything between the first colon of the user part and the last `@` goes, so that a password
    with an unescaped `/` or `@` is hidden whole.
    """
    scheme, slashes, rest = url.partition("://")
    if "@" in rest:
        user, host = rest.rsplit("@", 1)
        name, colon, _password = user.partition(":")
        rest = f"{name}{colon}{MASK if colon else ''}@{host}"
    address, mark, query = rest.partition("?")
    pairs = [pair.partition("=") for pair in query.split("&")]
    shown = "&".join(f"{key}{equals}{MASK if 'pass' in key.lower() else value}" for key, equals, value in pairs)
    return f"{scheme}{slashes}{address}{mark}{shown}"
