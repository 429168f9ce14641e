"""How often one visitor may act: sliding windows in memory, forgotten when the process ends.

No network address is kept for longer than its window, nor written anywhere.
"""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

MAX_KEYS = 10_000


@dataclass(slots=True)
class Limit:
    """At most `number` acts in each `period` for one key; shared by threads, bounded in memory."""

    number: int
    period: timedelta
    _acts: OrderedDict[str, deque[datetime]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_s(self, key: str, now: datetime) -> int:
        """Count one act of `key` at `now` and give 0; or, past the limit, the seconds to wait, counting nothing."""
        with self._lock:
            acts = self._acts.setdefault(key, deque())
            self._acts.move_to_end(key)
            while acts and acts[0] <= now - self.period:
                acts.popleft()
            if len(acts) >= self.number:
                return max(1, int((acts[0] + self.period - now).total_seconds()) + 1)
            acts.append(now)
            while len(self._acts) > MAX_KEYS:
                self._acts.popitem(last=False)
            return 0


def neighbourhood(address: str) -> str:
    """The network a visitor stands in: /24 of IPv4, /48 of IPv6; programs change the rest at will."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return str(ipaddress.ip_network((found, 24 if found.version == 4 else 48), strict=False))
