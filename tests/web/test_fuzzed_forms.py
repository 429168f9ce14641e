"""Whatever is sent to whatever address by whatever method: never a fault of ours."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import TOKEN

DOORS = ("u", "c", "p", "editions/stop")
PATHS = ("/subscribe", "/search", *(f"/{door}/{TOKEN}" for door in DOORS), "/feeds/rss.xml", "/en/the-tide-tables/")
NAMES = ("address", "name", "language", "rhythm", "hour", "time_zone", "topics", "seal", "wish", "weeks", "sure", "q")
TEXTS = st.text(max_size=40) | st.sampled_from(["", "\0", "\r\nBcc: x", "'; DROP TABLE", "<script>", "é" * 300])
HEADERS = st.dictionaries(
    st.sampled_from(["Origin", "Sec-Fetch-Site", "Accept-Language", "X-Forwarded-For", "If-None-Match", "Range"]),
    st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0", exclude_categories=["Cc"]), max_size=30),
    max_size=3,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(PATHS),
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW"]),
    fields=st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=6),
    headers=HEADERS,
)
def test_any_form_by_any_method_is_answered(browser, path: str, method: str, fields, headers) -> None:
    sent = {name.encode(): value.strip().encode("latin-1") for name, value in headers.items()}

    answer = browser.request(method, path, data=fields, headers=sent)

    assert answer.status_code < 500


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(token=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60), door=st.sampled_from(DOORS))
def test_any_token_is_answered(browser, token: str, door: str) -> None:
    from urllib.parse import quote

    answer = browser.get(f"/{door}/{quote(token, safe='')}")

    assert answer.status_code < 500
