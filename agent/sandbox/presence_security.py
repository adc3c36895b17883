"""Who signed a message, or why nobody did: the service's side of WS-Security.

Written apart from `agent.channels.soap`, so that a mistake there does not hide here. Beyond the
signature itself it is checked that the signed elements *are* this envelope's Body, Timestamp and
token, in their places and each alone: a message that carries a signed body beside another one
(signature wrapping) is refused.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import functools
from typing import Any

import xmlsec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

Element = Any

_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_WSSE = "{" + _OASIS + "wssecurity-secext-1.0.xsd}"
_WSU = "{" + _OASIS + "wssecurity-utility-1.0.xsd}"
_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_X509 = _OASIS + "x509-token-profile-1.0#X509v3"
_BASE64 = _OASIS + "soap-message-security-1.0#Base64Binary"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

AHEAD_S = 60
"""How far Created may lie in the future: the default of WSS4J."""
MOST_LIFE_S = 300
"""From Created to Expires: the default of WSS4J."""


class NotSigned(Exception):
    """The message is not signed by somebody we know; the text says what is wrong with it."""


class Gatekeeper:
    """Knows one authority and what it saw in the last minutes."""

    def __init__(self, authority: x509.Certificate) -> None:
        self._authority = authority
        self._seen: dict[str, dt.datetime] = {}
        self._issued: dict[str, x509.Certificate] = {}
        """What the authority issued, by the token's text; whether it is good now is asked anew."""
        self.withdrawn: set[int] = set()
        """Serial numbers of certificates that are no longer good."""

    def sender(self, envelope: Element, now: dt.datetime) -> str:
        """The common name of who signed `envelope`. Raises NotSigned."""
        security = _only(_only(envelope, f"{_SOAP}Header"), f"{_WSSE}Security")
        body = _only(envelope, f"{_SOAP}Body")
        token = _only(security, f"{_WSSE}BinarySecurityToken")
        timestamp = _only(security, f"{_WSU}Timestamp")
        signature = _only(security, f"{_DS}Signature")
        _check_ids(envelope)
        certificate = self._certificate(token, now)
        expires = _check_timestamp(timestamp, now)
        _check_signature(signature, (body, timestamp, token), token, certificate)
        self._check_new(signature, now, expires)
        name = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(name[0].value) if name else ""

    def _certificate(self, token: Element, now: dt.datetime) -> x509.Certificate:
        if token.get("ValueType") != _X509 or token.get("EncodingType", _BASE64) != _BASE64:
            raise NotSigned("the token is no X509v3 in Base64Binary")
        text = "".join((token.text or "").split())
        certificate = self._issued.get(text)
        if certificate is None:
            certificate = self._issued[text] = self._of_ours(text)
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise NotSigned("the certificate is not valid now")
        if certificate.serial_number in self.withdrawn:
            raise NotSigned("the certificate was withdrawn")
        return certificate

    def _of_ours(self, text: str) -> x509.Certificate:
        try:
            certificate = x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
        except (ValueError, binascii.Error):
            raise NotSigned("the token holds no certificate") from None
        try:
            certificate.verify_directly_issued_by(self._authority)
        except (ValueError, TypeError, InvalidSignature):
            raise NotSigned("the certificate is from an unknown issuer") from None
        return certificate

    def _check_new(self, signature: Element, now: dt.datetime, expires: dt.datetime) -> None:
        """Each signature counts once within its life; whoever sends again signs again."""
        value = "".join((signature.findtext(f"{_DS}SignatureValue") or "").split())
        self._seen = {known: until for known, until in self._seen.items() if until >= now}
        if value in self._seen:
            raise NotSigned("the message was sent before")
        self._seen[value] = expires


def _only(parent: Element, tag: str) -> Element:
    found = parent.findall(tag)
    if len(found) != 1:
        raise NotSigned(f"{len(found)} times {tag.rpartition('}')[2]} where one belongs")
    return found[0]


def _check_ids(envelope: Element) -> None:
    """Every id of the message is one element's alone, else a reference could mean two things."""
    ids = [
        value
        for element in envelope.iter("*")
        for name, value in element.attrib.items()
        if name.rpartition("}")[2].casefold() == "id"
    ]
    if len(ids) != len(set(ids)):
        raise NotSigned("two elements have the same id")


def _check_timestamp(timestamp: Element, now: dt.datetime) -> dt.datetime:
    """When it expires. Raises NotSigned unless `now` lies within."""
    if [child.tag for child in timestamp] != [f"{_WSU}Created", f"{_WSU}Expires"]:
        raise NotSigned("the timestamp needs Created and Expires")
    try:
        created, expires = (dt.datetime.fromisoformat(child.text or "") for child in timestamp)
        life_s, ahead_s = (expires - created).total_seconds(), (created - now).total_seconds()
    except (ValueError, TypeError):
        raise NotSigned("the timestamp is no instant with a zone") from None
    if not 0 < life_s <= MOST_LIFE_S:
        raise NotSigned(f"the timestamp lives longer than {MOST_LIFE_S} s")
    if ahead_s > AHEAD_S:
        raise NotSigned("the timestamp lies in the future")
    if expires <= now:
        raise NotSigned("the timestamp has expired")
    return expires


def _check_signature(
    signature: Element,
    parts: tuple[Element, ...],
    token: Element,
    certificate: x509.Certificate,
) -> None:
    signed_info = _only(signature, f"{_DS}SignedInfo")
    if _algorithm(signed_info, "CanonicalizationMethod") != _EXCLUSIVE:
        raise NotSigned("the signature is not over exclusive C14N")
    if _algorithm(signed_info, "SignatureMethod") != _RSA_SHA256:
        raise NotSigned("the signature is not RSA with SHA-256")
    references = signed_info.findall(f"{_DS}Reference")
    wanted = [f"#{part.get(f'{_WSU}Id')}" for part in parts]
    if sorted(r.get("URI", "") for r in references) != sorted(wanted):
        raise NotSigned("not exactly body, timestamp and token are signed")
    for reference in references:
        transforms = reference.findall(f"{_DS}Transforms/{_DS}Transform")
        if [t.get("Algorithm") for t in transforms] != [_EXCLUSIVE]:
            raise NotSigned("a reference is not over exclusive C14N alone")
        if _algorithm(reference, "DigestMethod") != _SHA256:
            raise NotSigned("a digest is not SHA-256")
    pointer = signature.find(f"{_DS}KeyInfo/{_WSSE}SecurityTokenReference/{_WSSE}Reference")
    if pointer is None or pointer.get("URI") != f"#{token.get(f'{_WSU}Id')}":
        raise NotSigned("the key is not said to be in the token")
    _verify(signature, parts, certificate)


def _verify(signature: Element, parts: tuple[Element, ...], certificate: x509.Certificate) -> None:
    context = xmlsec.SignatureContext()
    context.key = _key_of(certificate)
    for part in parts:
        context.register_id(part, "Id", _WSU.strip("{}"))
    try:
        context.verify(signature)
    except xmlsec.Error:
        raise NotSigned("the signature does not fit the message") from None


@functools.lru_cache(maxsize=16)
def _key_of(certificate: x509.Certificate) -> Any:
    """The key as xmlsec takes it; a context makes a copy of its own."""
    return xmlsec.Key.from_memory(
        certificate.public_bytes(Encoding.PEM), xmlsec.constants.KeyDataFormatCertPem
    )


def _algorithm(parent: Element, name: str) -> str:
    return str(_only(parent, f"{_DS}{name}").get("Algorithm", ""))
