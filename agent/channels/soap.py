"""SOAP 1.1 envelopes: signed on the way out, read safely on the way in.

`sign` follows the X.509 token profile of WS-Security with SHA-256 (WIRE.md, section 1): a
BinarySecurityToken, a Timestamp, and one Signature over Body, Timestamp and token. `read_xml` takes
no document type, so no entity, and never opens a file or a connection.

lxml and xmlsec are imported inside the functions: both cost a tenth of a second that a starting
gate needs elsewhere. Their wheels each carry libxml2 and must match (see FEASIBILITY).
"""

from __future__ import annotations

import base64
import datetime as dt
import functools
import secrets
from dataclasses import dataclass, field
from typing import Any

from agent.channels.credentials import Credential, CredentialError

Element = Any
"""An lxml element: lxml comes without types."""

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
ERRORS = "http://socialsecurity.be/errors/v1"
DS = "http://www.w3.org/2000/09/xmldsig#"
_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE = _OASIS + "wssecurity-secext-1.0.xsd"
WSU = _OASIS + "wssecurity-utility-1.0.xsd"
X509V3 = _OASIS + "x509-token-profile-1.0#X509v3"
BASE64 = _OASIS + "soap-message-security-1.0#Base64Binary"

TIMESTAMP_LIFE_S = 300
"""From Created to Expires: the default of most WS-Security stacks."""

SIGNED_SERVES_S = 60
"""How long what was never sent is sent as it was signed: well within the life of its timestamp."""

_PREFIXES = {"soap": ENVELOPE, "wsse": WSSE, "wsu": WSU}


class UnreadableXml(ValueError):
    """The bytes are not XML that we read; the text says why and repeats nothing of them."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A SOAP fault with what its detail says (e:SystemError or e:BusinessError), as sent."""

    fault_code: str = ""
    """The local name of faultcode: Client, Server, InvalidSecurity, …"""
    ticket: str = ""
    code: str = ""
    origin: str = ""
    environment: str = ""
    messages: tuple[str, ...] = ()
    retry: bool | None = None


def reading_errors() -> tuple[type[Exception], ...]:
    """Whatever lxml raises for bytes that it does not take."""
    from lxml import etree

    return (etree.Error, ValueError)


def signing_errors() -> tuple[type[Exception], ...]:
    """Whatever lxml and xmlsec raise for a message or a key that they do not take."""
    import xmlsec
    from lxml import etree

    return (etree.Error, xmlsec.Error, TypeError, ValueError)


def read_xml(data: bytes) -> Element:
    """The root element of an XML document. Raises UnreadableXml.

    A document type is refused outright, whatever it declares: that ends entities (billion laughs,
    external files) at once, and no SOAP message may have one (SOAP 1.1, section 3).
    """
    from lxml import etree

    # Looked for before parsing, also as UTF-16: attribute values expand while libxml2 parses.
    if b"<!DOCTYPE" in data.replace(b"\0", b""):
        raise UnreadableXml("it holds a document type, which no SOAP message may")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        # A comment inside a number would hide what follows it.
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except reading_errors():
        # Not chained: the parser quotes what it read, and that may hold a national number.
        raise UnreadableXml("it is not well-formed XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnreadableXml("it holds a document type, which no SOAP message may")
    return root


def payload(root: Element) -> Element:
    """The first element inside the Body of a SOAP 1.1 envelope. Raises UnreadableXml."""
    if root.tag != f"{{{ENVELOPE}}}Envelope":
        raise UnreadableXml("it is XML, but no SOAP 1.1 envelope")
    body = root.find(f"{{{ENVELOPE}}}Body")
    first = next(body.iterchildren("*"), None) if body is not None else None
    if first is None:
        raise UnreadableXml("its SOAP body is missing or empty")
    return first


def read_fault(element: Element) -> Fault | None:
    """What a soap:Fault says; None when `element` is something else."""
    if element.tag != f"{{{ENVELOPE}}}Fault":
        return None
    fault_code = (element.findtext("faultcode") or "").strip().rpartition(":")[2]
    detail = element.find("detail")
    error = None
    if detail is not None:
        error = next(detail.iter(f"{{{ERRORS}}}SystemError", f"{{{ERRORS}}}BusinessError"), None)
    if error is None:
        return Fault(fault_code, messages=_texts([element.find("faultstring")]))
    retry = _text(error, "Retry")
    return Fault(
        fault_code,
        ticket=error.get("Id", ""),
        code=_text(error, "Code"),
        origin=_text(error, "Origin"),
        environment=_text(error, "Environment"),
        messages=_texts(error.findall(f"{{{ERRORS}}}Message")),
        retry={"true": True, "1": True, "false": False, "0": False}.get(retry),
    )


def _text(parent: Element, name: str) -> str:
    return (parent.findtext(f"{{{ERRORS}}}{name}") or "").strip()


def _texts(elements: list[Element]) -> tuple[str, ...]:
    texts = ((element.text or "").strip() for element in elements if element is not None)
    return tuple(text for text in texts if text)


def envelope(body: Element, header: Element | None = None) -> Element:
    """A SOAP 1.1 envelope around `body`, which moves into it."""
    from lxml import etree

    root = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap=_PREFIXES)
    head = etree.SubElement(root, f"{{{ENVELOPE}}}Header")
    if header is not None:
        head.append(header)
    etree.SubElement(root, f"{{{ENVELOPE}}}Body").append(body)
    return root


@dataclass(frozen=True, slots=True)
class Signed:
    """A message as it goes out: `content`, around `body`, signed with `credential` at `at`."""

    content: bytes = field(repr=False)
    body: bytes = field(repr=False)
    credential: Credential
    at: dt.datetime

    def serves(self, body: Element, credential: Credential, now: dt.datetime) -> bool:
        """Whether it says the same, with the same certificate, and was signed just before `now`: a
        signature costs a small machine more than the rest of a call that does not get through."""
        from lxml import etree

        fresh = 0 <= (now - self.at).total_seconds() <= SIGNED_SERVES_S
        return fresh and credential is self.credential and etree.tostring(body) == self.body


def sign(body: Element, credential: Credential, now: dt.datetime) -> Signed:
    """A whole signed envelope around `body`, valid from `now` (aware) for five minutes.

    Raises CredentialError where it cannot be signed: an own fault, and nothing was sent.
    """
    from lxml import etree

    plain = etree.tostring(body)
    try:
        return Signed(_signed(body, credential, now), plain, credential, now)
    except signing_errors() as error:
        # Not chained: the text may quote the key or what was to be sent.
        raise CredentialError(
            f"the message cannot be signed with this certificate's key: {type(error).__name__}",
            "install certificate and key anew; if it stays so, send the log to support",
        ) from None


def _signed(body: Element, credential: Credential, now: dt.datetime) -> bytes:
    from lxml import etree

    root = envelope(body, etree.Element(f"{{{WSSE}}}Security", nsmap=_PREFIXES))
    head, soap_body = root
    security = head[0]
    security.set(f"{{{ENVELOPE}}}mustUnderstand", "1")
    token = _token(security, credential)
    timestamp = _timestamp(security, now)
    for part, name in ((token, "token"), (timestamp, "timestamp"), (soap_body, "body")):
        part.set(f"{{{WSU}}}Id", f"{name}-{secrets.token_hex(8)}")
    _sign_parts(security, (soap_body, timestamp, token), token, credential)
    signed: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return signed


def _token(security: Element, credential: Credential) -> Element:
    from lxml import etree

    token = etree.SubElement(security, f"{{{WSSE}}}BinarySecurityToken")
    token.set("ValueType", X509V3)
    token.set("EncodingType", BASE64)
    token.text = base64.b64encode(credential.certificate_der).decode("ascii")
    return token


def _timestamp(security: Element, now: dt.datetime) -> Element:
    from lxml import etree

    timestamp = etree.SubElement(security, f"{{{WSU}}}Timestamp")
    for name, instant in (
        ("Created", now),
        ("Expires", now + dt.timedelta(seconds=TIMESTAMP_LIFE_S)),
    ):
        etree.SubElement(timestamp, f"{{{WSU}}}{name}").text = utc_text(instant)
    return timestamp


def utc_text(instant: dt.datetime) -> str:
    """`2026-11-24T06:58:12.345Z`: an aware instant as xs:dateTime in UTC, to the millisecond."""
    utc = instant.astimezone(dt.UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds") + "Z"


def _sign_parts(
    security: Element, parts: tuple[Element, ...], token: Element, credential: Credential
) -> None:
    """Appends to `security` a ds:Signature over `parts`, whose key is in `token`."""
    import xmlsec
    from lxml import etree

    exclusive = xmlsec.constants.TransformExclC14N
    sha256, rsa_sha256 = xmlsec.constants.TransformSha256, xmlsec.constants.TransformRsaSha256
    signature = xmlsec.template.create(security, exclusive, rsa_sha256, ns="ds")
    security.append(signature)
    context = xmlsec.SignatureContext()
    for part in parts:
        # xmlsec finds "#id" only among attributes that it was told are ids.
        context.register_id(part, "Id", WSU)
        uri = "#" + part.get(f"{{{WSU}}}Id")
        reference = xmlsec.template.add_reference(signature, sha256, uri=uri)
        xmlsec.template.add_transform(reference, exclusive)
    key_info = xmlsec.template.ensure_key_info(signature)
    to_token = etree.SubElement(key_info, f"{{{WSSE}}}SecurityTokenReference")
    reference = etree.SubElement(to_token, f"{{{WSSE}}}Reference")
    reference.set("URI", "#" + token.get(f"{{{WSU}}}Id"))
    reference.set("ValueType", X509V3)
    context.key = _signing_key(credential.key_pem)
    context.sign(signature)


@functools.lru_cache(maxsize=2)
def _signing_key(key_pem: bytes) -> Any:
    """The key as xmlsec takes it; a context makes a copy of its own."""
    import xmlsec

    return xmlsec.Key.from_memory(key_pem, xmlsec.constants.KeyDataFormatPem)
