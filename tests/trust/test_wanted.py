"""The records to publish."""

from __future__ import annotations

from dataclasses import replace

import pytest

from newsletter.trust import MailIdentity, RecordKind, Wanted, promised_zone, read_zone, wanted_records


def test_each_record_reads_back_from_the_line_that_is_pasted(identity: MailIdentity) -> None:
    wanted = wanted_records(identity)

    names = read_zone("\n".join(each.as_zone_line() for each in wanted), called="pasted")

    for each in wanted:
        if each.kind is RecordKind.TXT:
            assert names.txt(each.name) == (each.value,)
    assert names.mx("bounce.example.org") == ((10, "mail.bounce.example.org"),)
    assert names.ptr("2001:db8::25") == ("mail.bounce.example.org",)


def test_a_long_key_is_written_in_strings_of_255_octets() -> None:
    line = Wanted(name="s._domainkey.example.org", kind=RecordKind.TXT, value="a" * 600, why="").as_zone_line()

    assert line == f's._domainkey.example.org. IN TXT ( "{"a" * 255}" "{"a" * 255}" "{"a" * 90}" )'


def test_quotation_marks_and_backslashes_survive_the_zone_file() -> None:
    wanted = Wanted(name="example.org", kind=RecordKind.TXT, value='a "b" \\c; d', why="")

    assert read_zone(wanted.as_zone_line(), called="x").txt("example.org") == (wanted.value,)


def test_spf_lets_our_addresses_and_the_relay_send(identity: MailIdentity) -> None:
    spf = wanted_records(replace(identity, spf_terms=("include:spf.example.net", "ip4:192.0.2.25")))[0]

    assert spf.name == "bounce.example.org"
    assert spf.value == "v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 include:spf.example.net ~all"


def test_without_addresses_and_terms_no_spf_record_is_made_up(identity: MailIdentity) -> None:
    wanted = wanted_records(replace(identity, addresses=()))

    assert not [each for each in wanted if "spf1" in each.value]


def test_dmarc_asks_for_reports_and_has_nothing_that_rfc_9989_took_out(identity: MailIdentity) -> None:
    (dmarc,) = [each for each in wanted_records(identity) if each.name == "_dmarc.example.org"]

    assert dmarc.value == "v=DMARC1; p=none; rua=mailto:ada@example.org"


def test_an_owner_with_a_comma_does_not_become_two_report_addresses(identity: MailIdentity) -> None:
    wanted = wanted_records(replace(identity, owner='"a,b!c;d"@example.org'))
    (dmarc,) = [each for each in wanted if each.name == "_dmarc.example.org"]

    assert dmarc.value.endswith("rua=mailto:%22a%2Cb%21c%3Bd%22@example.org")


@pytest.mark.parametrize("address", ["192.0.2.99", "2001:db8::99"])
def test_the_promised_zone_has_what_is_wanted_and_grants_what_is_included(identity: MailIdentity, address: str) -> None:
    names = promised_zone(replace(identity, spf_terms=("include:spf.example.net",)), address)

    version = 6 if ":" in address else 4
    assert names.txt("spf.example.net") == (f"v=spf1 ip{version}:{address} -all",)
    assert names.txt("_dmarc.example.org")
