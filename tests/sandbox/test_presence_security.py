"""The emulated service takes only what somebody it knows signed, whole and now."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from agent.channels.credentials import Credential
from agent.sandbox.authority import Authority, Pair
from agent.sandbox.presence import PresenceService
from agent.sandbox.serving import HttpAnswer

NOW = dt.datetime(2026, 11, 24, 5, 58, tzinfo=dt.UTC)
SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE = f"{{{OASIS}wssecurity-secext-1.0.xsd}}"
WSU = f"{{{OASIS}wssecurity-utility-1.0.xsd}}"

Post = Callable[..., HttpAnswer]
Signed = Callable[..., bytes]


def code(answer: HttpAnswer) -> str:
    """The code of a fault; empty for an answer that is none."""
    root = etree.fromstring(answer.body)
    return str(root.findtext(".//{http://socialsecurity.be/errors/v1}Code") or "")


def security(root: Any) -> Any:
    return root.find(f"{SOAP}Header/{WSSE}Security")


def test_a_signed_message_is_taken(post: Post, signed: Signed, service: PresenceService) -> None:
    answer = post(signed())

    assert (answer.status, code(answer)) == (200, "")
    assert service.calls[0].sender == "gate 1"


# --- what is changed after signing -----------------------------------------------------------


def change_a_number(root: Any) -> None:
    next(root.iter("{*}INSS")).text = "90231512323"


def change_the_time(root: Any) -> None:
    next(root.iter(f"{WSU}Expires")).text = "2026-11-24T06:02:59.000Z"


def change_the_value(root: Any) -> None:
    value = next(root.iter(f"{DS}SignatureValue"))
    value.text = value.text.translate(str.maketrans("Aa", "aA"))


def drop_the_signature(root: Any) -> None:
    security(root).remove(security(root).find(f"{DS}Signature"))


def drop_the_timestamp(root: Any) -> None:
    security(root).remove(security(root).find(f"{WSU}Timestamp"))


def drop_the_token(root: Any) -> None:
    security(root).remove(security(root).find(f"{WSSE}BinarySecurityToken"))


def drop_the_security(root: Any) -> None:
    root.find(f"{SOAP}Header").remove(security(root))


def drop_a_reference(root: Any) -> None:
    info = next(root.iter(f"{DS}SignedInfo"))
    info.remove(info.findall(f"{DS}Reference")[1])


def sign_the_token_twice(root: Any) -> None:
    references = next(root.iter(f"{DS}SignedInfo")).findall(f"{DS}Reference")
    references[1].set("URI", references[2].get("URI"))


def rubbish_in_the_token(root: Any) -> None:
    security(root).find(f"{WSSE}BinarySecurityToken").text = "rubbish"


def point_elsewhere(root: Any) -> None:
    next(root.iter(f"{WSSE}Reference")).set("URI", "#elsewhere")


def repeat_an_id(root: Any) -> None:
    next(root.iter(f"{DS}Signature")).set("Id", next(root.iter(f"{WSU}Timestamp")).get(f"{WSU}Id"))


def wrap_the_body(root: Any) -> None:
    """The signed body moves into the header; a forged one takes its place."""
    body = root.find(f"{SOAP}Body")
    forged = copy.deepcopy(body)
    forged.attrib.clear()
    change_a_number(forged)
    root.replace(body, forged)
    etree.SubElement(root.find(f"{SOAP}Header"), "wrapper").append(body)


def wrap_the_body_under_its_id(root: Any) -> None:
    body = root.find(f"{SOAP}Body")
    forged = copy.deepcopy(body)
    change_a_number(forged)
    root.replace(body, forged)
    etree.SubElement(root.find(f"{SOAP}Header"), "wrapper").append(body)


def second_body(root: Any) -> None:
    forged = copy.deepcopy(root.find(f"{SOAP}Body"))
    forged.attrib.clear()
    change_a_number(forged)
    root.append(forged)


def second_timestamp(root: Any) -> None:
    again = copy.deepcopy(security(root).find(f"{WSU}Timestamp"))
    again.attrib.clear()
    security(root).append(again)


def weaker_digest(root: Any) -> None:
    next(root.iter(f"{DS}DigestMethod")).set("Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")


def weaker_signature(root: Any) -> None:
    next(root.iter(f"{DS}SignatureMethod")).set(
        "Algorithm", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
    )


def another_transform(root: Any) -> None:
    next(root.iter(f"{DS}Transform")).set(
        "Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
    )


ATTACKS = [
    change_a_number,
    change_the_time,
    change_the_value,
    drop_the_signature,
    drop_the_timestamp,
    drop_the_token,
    drop_the_security,
    drop_a_reference,
    sign_the_token_twice,
    rubbish_in_the_token,
    point_elsewhere,
    repeat_an_id,
    wrap_the_body,
    wrap_the_body_under_its_id,
    second_body,
    second_timestamp,
    weaker_digest,
    weaker_signature,
    another_transform,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_whatever_is_changed_after_signing_is_not_authenticated(
    post: Post, signed: Signed, service: PresenceService, attack: Callable[[Any], None]
) -> None:
    root = etree.fromstring(signed())
    attack(root)

    answer = post(etree.tostring(root))

    assert (answer.status, code(answer)) == (500, "SOA-01001")
    assert service.ledger.accepted == ()


def test_a_message_counts_once(post: Post, signed: Signed, service: PresenceService) -> None:
    body = signed()

    assert code(post(body)) == ""
    assert code(post(body)) == "SOA-01001"
    assert len(service.ledger.find(lambda entry: True)) == 1


# --- who and when ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-301, "SOA-01001"), (-300, "SOA-01001"), (-299, ""), (0, ""), (60, ""), (61, "SOA-01001")],
)
def test_a_message_lives_five_minutes_and_may_be_a_minute_ahead(
    post: Post, signed: Signed, seconds: int, expected: str
) -> None:
    assert code(post(signed(now=NOW + dt.timedelta(seconds=seconds)))) == expected


def test_a_certificate_of_another_authority_is_not_known(
    post: Post, signed: Signed, credential_of: Callable[[Pair], Credential]
) -> None:
    stranger = credential_of(Authority("Werfpoort virtual", now=NOW).sender("gate 1"))

    assert code(post(signed(by=stranger))) == "SOA-01001"


def test_an_expired_certificate_is_not_taken(
    post: Post, signed: Signed, authority: Authority, credential_of: Callable[[Pair], Credential]
) -> None:
    old = credential_of(authority.sender("gate 1", expires_in=dt.timedelta(seconds=-1)))

    assert code(post(signed(by=old))) == "SOA-01001"


def test_a_withdrawn_certificate_is_not_taken(
    post: Post, signed: Signed, service: PresenceService, credential: Credential
) -> None:
    from cryptography.x509 import load_der_x509_certificate

    certificate = load_der_x509_certificate(credential.certificate_der)
    service.gatekeeper.withdrawn.add(certificate.serial_number)

    assert code(post(signed())) == "SOA-01001"


def test_an_account_has_only_its_rights(authority: Authority, signed: Signed) -> None:
    from agent.sandbox.presence import PATH
    from agent.sandbox.serving import HttpRequest

    rights = {"gate 1": frozenset({"searchPresences"})}
    strict = PresenceService(lambda: NOW, authority.certificate, accounts=rights)
    action = '"http://socialsecurity.be/presenceregistration/v1/registerPresences"'
    headers = {"content-type": "text/xml", "soapaction": action}

    answer = strict.answer(HttpRequest("POST", PATH, headers, signed()))

    assert code(answer) == "SOA-01002"
    assert strict.ledger.accepted == ()
