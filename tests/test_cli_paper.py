"""The commands of the paper procedure, on a gate that does not run: the journal itself answers."""

from __future__ import annotations

import random
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.assembly import clock_of, owned
from agent.cli import main
from agent.config import load_config
from agent.control import Answer
from agent.core.commands import Reply
from agent.core.events import Event, Started, Tapped
from agent.core.paper.dialogue import locked_ms
from agent.core.refusals import Refused
from agent.desk import Desk
from agent.paper.operator_code import made, right
from agent.sandbox.authority import Authority
from agent.sandbox.people import DECLARATION, MAIN_CONTRACTOR, crew, roster_csv
from agent.sandbox.site import CONFIG, PINS

PEOPLE = crew(6, random.Random(6))
NUMBER = "RSZ-2026/17"


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """Two of six workers have tapped."""
    authority = Authority()
    authority.sender("gate").write(tmp_path, "gate")
    (tmp_path / "authority.crt").write_bytes(authority.pem)
    (tmp_path / "roster.csv").write_text(roster_csv(PEOPLE))
    file = tmp_path / "werfpoort.toml"
    places = {"declaration": DECLARATION, "company": MAIN_CONTRACTOR, "port": 1, **PINS}
    address = "https://127.0.0.1:1/PresenceRegistration/v1"
    file.write_text(CONFIG.format(folder=tmp_path, address=address, **places))
    run("roster", "import", tmp_path / "roster.csv", "--force", "--config", file)
    settings = load_config(file)
    clock = clock_of(settings)
    with owned(settings, clock) as keeper:
        keeper.do(Started(clock.now(), "1"))
        for person in PEOPLE[:2]:
            keeper.do(Tapped(clock.now(), "entrance", person.uid))
    yield file


def run(*words: str | Path, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], input=typed)


def asked(config: Path, *words: str | Path) -> str:
    result = run(*words, "--config", config)
    assert result.exit_code == 0, result.output
    return result.output


def question(config: Path, **fields: str) -> Answer:
    """The answer to a question of the control socket."""
    settings = load_config(config)
    with owned(settings, clock_of(settings)) as keeper:

        def decide(event_for: Callable[[int], Event]) -> tuple[bool, str, Refused | None]:
            (reply,) = (c for c in keeper.do(event_for(1)) if isinstance(c, Reply))
            return reply.done, reply.text, reply.why

        desk = Desk(lambda: keeper.state, clock_of(settings).now, decide, settings)
        return desk.answer(dict(fields))


def refused(config: Path, *words: str | Path) -> str:
    result = run(*words, "--config", config)
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    return result.output


def the_list(config: Path) -> str:
    (number,) = re.findall(r"^(\w+-\d{4}-1)  ", asked(config, "list"), re.MULTILINE)
    return str(number)


def third_worker(config: Path) -> str:
    """Who has not tapped."""
    shown = asked(config, "roster", "list")
    (third,) = re.findall(rf"^(w\d+)  {PEOPLE[2].worker.surname} ", shown, re.MULTILINE)
    return str(third)


def test_a_code_becomes_the_line_for_the_configuration() -> None:
    result = run("code", typed="482915\n482915\n")
    (line,) = re.findall(r'^code = "(.+)"$', result.output, re.MULTILINE)
    assert right("482915", line)
    assert run("code", typed="48\n48\n").exit_code == 1


def test_a_number_with_letters_is_entered_and_makes_the_list(config: Path) -> None:
    said = asked(config, "fallback", "enter", NUMBER, "--how", "form")
    assert "of 2 name(s)" in said
    shown = asked(config, "list")
    assert NUMBER in shown and "2 names, 8 lines to fill in" in shown
    assert "no proof yet" in shown
    assert "on every list" not in refused(config, "fallback", "enter", "12")


def test_who_comes_later_today_is_named_and_nobody_else(config: Path) -> None:
    third = third_worker(config)
    assert "of 3 name(s)" in asked(config, "fallback", "list", "--expect", third)
    assert "roster list" in refused(config, "fallback", "list", "--expect", "w99")


def test_a_list_without_a_printer_is_a_pdf_and_proof_once_a_person_says_it_is_on_paper(
    config: Path, tmp_path: Path
) -> None:
    asked(config, "fallback", "enter", NUMBER)
    pdf = tmp_path / "list.pdf"
    asked(config, "list", "--pdf", pdf)
    assert pdf.read_bytes().startswith(b"%PDF")
    assert stat.S_IMODE(pdf.stat().st_mode) == 0o600
    asked(config, "fallback", "printed", the_list(config))
    assert "proof" in asked(config, "list")
    assert "no proof" not in asked(config, "list")
    assert "2 on paper" in asked(config, "status")
    day = asked(config, "day")
    assert NUMBER in day and "on paper" in day


def test_blank_lines_and_copies_are_asked_for_by_command(config: Path) -> None:
    assert "blank lines" in refused(config, "fallback", "filled", "1")
    assert "no such list" in refused(config, "fallback", "copy")
    asked(config, "fallback", "enter", NUMBER)
    assert "8" in refused(config, "fallback", "filled", "9")
    asked(config, "fallback", "filled", "3")
    assert "filled in: 3" in asked(config, "list")
    asked(config, "fallback", "copy", the_list(config))


def test_no_answer_shows_a_national_number(config: Path) -> None:
    said = asked(config, "fallback", "enter", NUMBER) + asked(config, "list")
    said += asked(config, "status") + asked(config, "day")
    assert not any(person.worker.inss in said for person in PEOPLE if person.worker.inss)


def test_a_slip_without_an_incident_is_refused(config: Path) -> None:
    assert "nothing is amiss" in refused(config, "fallback", "slip", "instruction")


def test_the_page_is_let_in_by_the_operator_code_and_locks_no_keypad(
    config: Path,
) -> None:
    assert "werfpoort code" in question(config, ask="paper-code", code="482915")["text"]
    with config.open("a") as file:
        file.write(f'\n[operator]\ncode = "{made("482915")}"\n')
    assert question(config, ask="paper-code", code="482915")["done"]
    for wrong in ("1111", "", "482916", "482917"):
        assert "wrong" in question(config, ask="paper-code", code=wrong)["text"]
    with owned(load_config(config), clock_of(load_config(config))) as keeper:
        assert locked_ms(keeper.state.papers, clock_of(load_config(config)).now()) == 0
    assert question(config, ask="paper-code", code="482915")["done"]


def test_what_the_page_asks_says_so_and_who_asked(config: Path) -> None:
    asks = {"ask": "paper-reference", "number": NUMBER, "by": "page", "who": "An Aerts"}
    assert question(config, **asks)["done"]
    with owned(load_config(config), clock_of(load_config(config))) as keeper:
        (sheet,) = keeper.state.papers.sheets.values()
        got = keeper.state.papers.references[0].got
    assert (got.by, got.who) == (sheet.made.by, sheet.made.who) == ("page", "An Aerts")


def test_a_command_says_by_whom_and_that_nothing_is_printed_while_no_agent_runs(
    config: Path,
) -> None:
    said = asked(config, "fallback", "enter", NUMBER, "--by", "An Aerts")
    assert "there is no printer" in said and "list --pdf" in said
    assert "no printer" in refused(config, "fallback", "slip", "keep-list")
    with config.open("a") as file:
        file.write('\n[printer]\nkind = "file"\naddress = "/dev/null"\n')
    said = asked(config, "fallback", "list", "--expect", third_worker(config), "--by", "An Aerts")
    assert "goes to the printer; no agent runs: it is printed once one does" in said
    assert "no slip is printed while no agent runs" in refused(
        config, "fallback", "slip", "keep-list"
    )
    with owned(load_config(config), clock_of(load_config(config))) as keeper:
        assert {s.made.who for s in keeper.state.papers.sheets.values()} == {"An Aerts"}


def test_a_number_that_is_said_to_come_from_elsewhere_is_refused(config: Path) -> None:
    answer = question(config, ask="paper-reference", number=NUMBER, how="pigeon")
    assert "pigeon" in answer["text"] and not answer["done"]
