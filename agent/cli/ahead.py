"""What `werfpoort ahead` asks, and how its list reads."""

from __future__ import annotations

from typing import Any

import click


def confirmation(employer: str, without: tuple[str, ...]) -> dict[str, Any]:
    """The question that confirms a crew; ends the command for what is no number."""
    from agent.core.identifiers import IdentifierError, parse_company

    try:
        number = parse_company(employer)
    except IdentifierError as error:
        raise click.ClickException(f"{employer} {error.problem}; {error.mend}") from error
    digits = [text.strip().lower().removeprefix("w") for text in without]
    for text, digit in zip(without, digits, strict=True):
        if not (digit.isascii() and digit.isdecimal()):
            raise click.ClickException(
                f"{text} is no worker's number; name one as w12 (werfpoort roster list)"
            )
    return {"ask": "ahead-confirm", "employer": number, "without": [int(d) for d in digits]}


def as_text(stand: dict[str, Any]) -> str:
    """The crews in lines for a person."""
    off = "" if stand["on"] else "  (off in the configuration: ahead.enabled)"
    lines = [f"tomorrow, {stand['day']}{off}"]
    for firm in stand["employers"]:
        counts = ", ".join(f"{n} {name}" for name, n in sorted(firm["obligations"].items()))
        name = f"{firm['employer']} {firm['name']}".rstrip()
        how = counts or f"not confirmed: werfpoort ahead --confirm {firm['employer']}"
        lines.append(f"{name}: {firm['crew']} workers; {how}")
    if stand["missing_today"]:
        lines.append(
            f"not here today: {' '.join(stand['missing_today'])}; if they do not come: "
            "werfpoort ahead --cancel-missing"
        )
    return "\n".join(lines)
