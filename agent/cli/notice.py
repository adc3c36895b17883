"""The command that tells a worker what the gate keeps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.asking import config_option, loaded

if TYPE_CHECKING:
    from agent.config import Config
    from agent.core.paper.notice import Terms

_COLUMNS = 80


@click.command("notice")
@config_option
@click.option("--pdf", type=click.Path(path_type=Path), help="Write it to this file, A4.")
def notice(config_file: Path, pdf: Path | None) -> None:
    """Say what the gate keeps about a worker, why, how long and whom to ask: nl, fr, de, en."""
    from agent.core.paper.notice import notice_document
    from agent.locale import LANGUAGES, texts
    from drivers.paper_layout import plain

    settings = loaded(config_file)
    languages = (*settings.gate.languages, *LANGUAGES)
    document = notice_document(terms_of(settings), [texts(one) for one in dict.fromkeys(languages)])
    if pdf is None:
        click.echo("\n\n".join(plain(part, _COLUMNS) for part in document.parts))
        return
    from drivers.base import DeviceError
    from drivers.paper_pdf import as_pdf

    try:
        pdf.write_bytes(as_pdf(document, settings.site.name, settings.gate.languages[0]))
    except DeviceError as error:
        raise click.ClickException(f"{error}; to do: {error.hint}") from error
    except OSError as error:
        raise click.ClickException(f"{pdf}: {error.strerror}; name another file") from error


def terms_of(settings: Config) -> Terms:
    """What this configuration says about details."""
    from agent.core.paper.notice import Terms

    names = {employer.number: employer.name for employer in settings.employers}
    names |= {contractor.company: contractor.name for contractor in settings.contractors}
    return Terms(
        site=settings.site.name,
        gate=settings.gate.name,
        firm=names.get(settings.site.company, ""),
        firm_number=settings.site.company,
        receipt_months=settings.retention.receipt_months,
        proof_years=settings.retention.proof_years,
        kept_until_exported=settings.retention.keep_until_exported,
        firms=tuple(c.name for c in settings.contractors if not c.main),
        main=tuple(c.name for c in settings.contractors if c.main),
        supplier=any(channel.kind == "supplier" for channel in settings.channels),
        contact=settings.retention.contact,
    )
