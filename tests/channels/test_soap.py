"""Envelopes: read without risk, signed so that others can verify them."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from agent.channels.credentials import CredentialError, Credentials
from agent.channels.soap import Fault, UnreadableXml, payload, read_fault, read_xml, sign, utc_text

NOW = dt.datetime(2026, 11, 24, 5, 58, tzinfo=dt.UTC)
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


def fault(content: str) -> Fault | None:
    text = (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault>{content}</s:Fault></s:Body></s:Envelope>'
    )
    return read_fault(payload(read_xml(text.encode())))


HOSTILE = {
    "entities": b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>',
    "an entity in an attribute": b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x y="&a;"/>',
    "a file": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
    "a document type alone": b"<!DOCTYPE x><x/>",
    "one in UTF-16": '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x><x/>'.encode("utf-16"),
    "one in UTF-7": b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE x+AD4-+ADw-x/+AD4-',
    "an undeclared entity": b"<x>&a;</x>",
    "a page": b"<html><body>Log in<br></body></html>",
    "nothing": b"",
    "white space": b"  \n",
    "JSON": b'{"items": []}',
    "zeros": b"\0" * 50,
    "half of it": b"<x><y></y>",
    "a great depth": b"<x>" * 100_000 + b"</x>" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_and_broken_xml_is_refused_without_repeating_it(name: str) -> None:
    with pytest.raises(UnreadableXml) as caught:
        read_xml(HOSTILE[name])

    assert caught.value.__cause__ is None
    assert "passwd" not in str(caught.value)


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail_otherwise(data: bytes) -> None:
    try:
        root = read_xml(data)
    except UnreadableXml:
        return
    assert root.getroottree().docinfo.internalDTD is None


@given(st.integers(0, 2**32), st.integers(0, 400))
def test_a_damaged_envelope_is_read_or_refused_and_nothing_else(seed: int, place: int) -> None:
    whole = f'<s:Envelope xmlns:s="{SOAP}"><s:Body><a>1</a></s:Body></s:Envelope>'.encode()
    place %= len(whole)
    damaged = whole[:place] + bytes([zlib.crc32(b"%d" % seed) % 256]) + whole[place + 1 :]

    try:
        assert payload(read_xml(damaged)) is not None
    except UnreadableXml as error:
        assert str(error)


def test_a_comment_inside_a_value_hides_nothing() -> None:
    assert read_xml(b"<x>85<!-- -->01<?pi?>15</x>").text == "850115"


@pytest.mark.parametrize(
    "text",
    [
        "<x/>",
        f'<s:Envelope xmlns:s="{SOAP}"/>',
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body/></s:Envelope>',
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><x/></s:Body></s:Envelope>',
    ],
)
def test_what_is_no_soap_message_with_a_body_is_refused(text: str) -> None:
    with pytest.raises(UnreadableXml):
        payload(read_xml(text.encode()))


def test_a_fault_without_detail_keeps_its_code_and_text() -> None:
    told = fault("<faultcode>wsse:FailedCheck</faultcode><faultstring> bad </faultstring>")

    assert told == Fault("FailedCheck", messages=("bad",))


@pytest.mark.parametrize("kind", ["SystemError", "BusinessError"])
def test_a_fault_is_read_in_all_its_languages(kind: str) -> None:
    told = fault(
        "<faultcode>s:Server</faultcode><faultstring>x</faultstring><detail>"
        f'<e:{kind} xmlns:e="http://socialsecurity.be/errors/v1" Id="T-1">'
        "<e:Origin>Provider</e:Origin>"
        '<e:Code>SOA-02002</e:Code><e:Message xml:lang="nl">nee</e:Message>'
        '<e:Message xml:lang="fr">non</e:Message><e:Retry>1</e:Retry>'
        f"<e:Environment>Production</e:Environment></e:{kind}></detail>"
    )

    assert told == Fault(
        "Server", "T-1", "SOA-02002", "Provider", "Production", ("nee", "non"), retry=True
    )


def test_a_signed_message_names_three_parts_and_lives_five_minutes(
    gate_credentials: Credentials,
) -> None:
    signed = sign(etree.Element("{urn:x}message"), gate_credentials.current(), NOW)

    root = etree.fromstring(signed.content)
    uris = [e.get("URI") for e in root.iter("{http://www.w3.org/2000/09/xmldsig#}Reference")]
    times = [e.text for e in root.iter("{*}Created", "{*}Expires")]
    assert [uri.partition("-")[0] for uri in uris] == ["#body", "#timestamp", "#token"]
    assert times == ["2026-11-24T05:58:00.000Z", "2026-11-24T06:03:00.000Z"]


def test_no_two_messages_share_an_id(gate_credentials: Credentials) -> None:
    ids = [
        value
        for _ in range(2)
        for element in etree.fromstring(
            sign(etree.Element("{urn:x}message"), gate_credentials.current(), NOW).content
        ).iter()
        for name, value in element.attrib.items()
        if name.endswith("}Id")
    ]

    assert len(ids) == len(set(ids)) == 6


def test_an_instant_is_written_in_utc_to_the_millisecond() -> None:
    brussels = dt.timezone(dt.timedelta(hours=1))

    assert utc_text(dt.datetime(2026, 1, 1, 0, 0, 0, 1999, brussels)) == "2025-12-31T23:00:00.001Z"


def test_importing_the_channel_loads_no_heavy_library() -> None:
    code = (
        "import sys, agent.channels.checkinatwork as _;"
        "print(sorted({'httpx', 'lxml', 'xmlsec', 'cryptography', 'httpcore'} & set(sys.modules)))"
    )

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize("key", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_a_key_that_cannot_sign_is_our_own_fault_and_nothing_was_sent(
    gate_credentials: Credentials, key: bytes
) -> None:
    spoiled = replace(gate_credentials.current(), key_pem=key)

    with pytest.raises(CredentialError) as caught:
        sign(etree.Element("{urn:x}message"), spoiled, NOW)

    assert (caught.value.sent, caught.value.retry) == (False, False)
    assert caught.value.__cause__ is None
    assert "AAAA" not in str(caught.value)
