"""Signature Version 4, with which a request to Amazon proves who sends it.

Comes in: a request to the root or any plain path, without a query, and an account. Goes out: the headers to add.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, kw_only=True, slots=True)
class Signer:
    """An access key for one `service` in one `region`."""

    access_key: str
    secret_key: str = field(repr=False)
    region: str
    service: str

    def sign(self, method: str, path: str, headers: Mapping[str, str], *, body: bytes, now: datetime) -> dict[str, str]:
        """`headers` (Host among them) with X-Amz-Date and Authorization; `now` is aware UTC and holds for 15 minutes.

        Every header is signed. Source: the guide "Signature Version 4 for API requests" of AWS.
        """
        stamp = now.strftime("%Y%m%dT%H%M%SZ")
        signed = {**headers, "X-Amz-Date": stamp}
        scope = f"{stamp[:8]}/{self.region}/{self.service}/aws4_request"
        request, names = _canonical(method, path, signed, body)
        to_sign = "\n".join((_ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
        signature = hmac.new(self._key(stamp[:8]), to_sign.encode(), "sha256").hexdigest()
        credential = f"{_ALGORITHM} Credential={self.access_key}/{scope}"
        return {**signed, "Authorization": f"{credential}, SignedHeaders={names}, Signature={signature}"}

    def _key(self, day: str) -> bytes:
        key = f"AWS4{self.secret_key}".encode()
        for part in (day, self.region, self.service, "aws4_request"):
            key = hmac.new(key, part.encode(), "sha256").digest()
        return key


def _canonical(method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
    """The request in the one spelling that is signed, and the names of its headers."""
    spelled = sorted((name.lower(), " ".join(value.split())) for name, value in headers.items())
    names = ";".join(name for name, _ in spelled)
    lines = (f"{name}:{value}" for name, value in spelled)
    # Every service but S3 has the path encoded, and the two slashes of an empty part taken for one.
    parts = (method, quote(path), "", *lines, "", names, hashlib.sha256(body).hexdigest())
    return "\n".join(parts), names
