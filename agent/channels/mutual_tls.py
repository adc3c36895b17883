"""TLS in which we show a certificate, too."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from agent.channels.base import NotAuthenticated
from agent.channels.credentials import Credential
from agent.channels.wire import HINT_CREDENTIAL, Wire


def open_wire(
    trusted: ssl.SSLContext | None, ca_file: Path | None, shown: Credential | None
) -> Wire:
    """A wire that trusts `trusted` (None: the system's authorities) and shows `shown`, if any."""
    if shown is None:
        return Wire(trusted)
    # A context of its own: one that shows a certificate goes on showing it.
    return Wire(client_context(ssl.create_default_context(cafile=ca_file), shown))


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
