"""What [page] needs together, that no key shows by itself."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from agent.config.channel_check import Find
from agent.config.page_settings import PageSettings
from agent.config.settings import Config
from agent.findings import Finding


def check_page(config: Config, find: Find) -> None:
    """Who is not this machine itself meets a code and encryption."""
    page = config.page
    if not page.listen:
        return
    if (page.certificate is None) != (page.key is None):
        lacks = "key" if page.key is None else "certificate"
        find(f"page.{lacks}", "is missing beside the other one", "name both, or neither")
    if not page.local and not page.code:
        find(
            "page.code",
            "is missing, and others than this machine reach the page",
            "make it with: werfpoort code",
        )
    if page.certificate is None and not ipaddress.ip_address(page.place[0]).is_loopback:
        find(
            "page.certificate",
            "is missing, and others on the network would read what the page says",
            "name certificate and key, or listen on 127.0.0.1 behind a proxy on this machine",
        )


def check_page_files(page: PageSettings, file: str) -> Iterator[Finding]:
    """What is wrong with the certificate that it names."""
    from agent.channels.credentials import CredentialError, CredentialFiles, load

    if page.listen and page.certificate is not None and page.key is not None:
        try:
            load(CredentialFiles(page.certificate, page.key, None), rsa=False)
        except CredentialError as error:
            yield Finding(file, "page.certificate", str(error), error.hint)
