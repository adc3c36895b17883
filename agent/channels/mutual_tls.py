"""TLS in which we show a certificate, too."""

from __future__ import annotations

import os
import ssl

from agent.channels.base import NotAuthenticated
from agent.channels.credentials import Authorities, Credential, load_authorities
from agent.channels.names import Names
from agent.channels.wire import HINT_CREDENTIAL, Wire


def open_wire(
    authorities: Authorities | None, names: Names | None, shown: Credential | None
) -> Wire:
    """A wire that trusts these (None: the system's authorities) and shows `shown`, if any.

    Raises CredentialError.
    """
    if shown is None:
        return Wire(authorities, names=names)
    # A context of its own: one that shows a certificate goes on showing it.
    own = load_authorities(authorities.file) if authorities else ssl.create_default_context()
    return Wire(client_context(own, shown), names=names)


def client_context(context: ssl.SSLContext, shown: Credential) -> ssl.SSLContext:
    """`context`, from now on with our certificate and those after it. Raises NotAuthenticated."""
    chain = (shown.certificate_der, *shown.chain_der)
    pem = "".join(ssl.DER_cert_to_PEM_cert(link) for link in chain).encode("ascii")
    # OpenSSL reads only files: this one is in memory and has no name that others can open.
    held = os.memfd_create("certificate", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(held), "wb") as file:
            file.write(pem + shown.key_pem)
        context.load_cert_chain(f"/proc/self/fd/{held}")
    except (OSError, ssl.SSLError) as error:
        raise NotAuthenticated(
            f"certificate and key cannot be shown in TLS: {type(error).__name__}", HINT_CREDENTIAL
        ) from None
    finally:
        os.close(held)
    return context
