"""The commands, as a technician types them."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.cli import main
from agent.sandbox.people import Person, crew, roster_csv
from agent.sandbox.site import CONFIG, PINS

PEOPLE = crew(6, random.Random(6))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A gate that does not run: its config, roster and certificate files."""
    from agent.sandbox.authority import Authority

    authority = Authority()
    authority.sender("gate").write(tmp_path, "gate")
    (tmp_path / "authority.crt").write_bytes(authority.pem)
    (tmp_path / "roster.csv").write_text(roster_csv(PEOPLE[:1]))
    file = tmp_path / "werfpoort.toml"
    file.write_text(
        CONFIG.format(
            folder=tmp_path,
            address="https://127.0.0.1:1/PresenceRegistration/v1",
            declaration="1Y1000NF9KCQZ",
            company="0448181966",
            port=1,
            **PINS,
        )
    )
    return file


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def written(folder: Path, people: tuple[Person, ...]) -> Path:
    file = folder / "new.csv"
    file.write_text(roster_csv(people), encoding="utf-8-sig")
    return file


def test_a_good_configuration_is_called_good(config: Path) -> None:
    result = run("config", "check", config)
    assert (result.exit_code, "good" in result.output) == (0, True)


def test_every_error_of_a_configuration_is_told_at_once(config: Path) -> None:
    text = config.read_text().replace("debounce", "x").replace('name = "virtual"', 'nome = "v"')
    config.write_text(text.replace("burst_s = 3", 'burst_s = "long"'))
    result = run("config", "check", config)
    assert result.exit_code == 1
    assert "gate.nome" in result.output
    assert "name" in result.output
    assert "delivery.burst_s" in result.output


def test_a_missing_certificate_fails_the_check(config: Path) -> None:
    (config.parent / "gate.key").unlink()
    result = run("config", "check", config)
    assert (result.exit_code, "gate.key" in result.output) == (1, True)


def test_a_missing_configuration_is_named(tmp_path: Path) -> None:
    result = run("status", "--config", tmp_path / "none.toml")
    assert result.exit_code == 1
    assert "none.toml" in result.output
    assert "Traceback" not in result.output


def test_the_journal_is_asked_itself_while_no_agent_runs(config: Path) -> None:
    result = run("status", "--config", config)
    assert result.exit_code == 0, result.output
    assert "TRAINING" in result.output
    stand = json.loads(run("status", "--json", "--config", config).output)
    assert stand["roster"]["workers"] == 0


def test_an_imported_roster_is_in_force_and_is_the_file_of_the_next_start(config: Path) -> None:
    new = written(config.parent, PEOPLE)
    result = run("roster", "import", new, "--config", config)
    assert (result.exit_code, "6 workers" in result.output) == (0, True), result.output
    assert (config.parent / "roster.csv").read_text(encoding="utf-8-sig") == roster_csv(PEOPLE)
    listed = run("roster", "list", "--config", config).output
    assert all(person.worker.surname in listed for person in PEOPLE)
    assert all(person.worker.inss not in listed for person in PEOPLE)


def test_a_roster_that_loses_a_third_is_refused_until_forced(config: Path) -> None:
    run("roster", "import", written(config.parent, PEOPLE), "--config", config)
    less = written(config.parent, PEOPLE[:2])
    refused = run("roster", "import", less, "--config", config)
    assert (refused.exit_code, "--force" in refused.output) == (1, True)
    assert run("roster", "import", "--force", less, "--config", config).exit_code == 0


def test_a_roster_in_another_encoding_says_how_to_save_it(config: Path, tmp_path: Path) -> None:
    odd = tmp_path / "odd.csv"
    odd.write_bytes(roster_csv(PEOPLE).encode("utf-16"))
    result = run("roster", "import", odd, "--config", config)
    assert (result.exit_code, "CSV UTF-8" in result.output) == (1, True)


def test_bad_rows_are_named_without_the_number_that_is_in_them(config: Path) -> None:
    text = roster_csv(PEOPLE[:3]) + "04AABBCC;Wrong;Check;85011512356;0448181966;nl\n"
    file = config.parent / "odd.csv"
    file.write_text(text)
    result = run("roster", "check", file, "--config", config)
    assert result.exit_code == 1
    assert "5" in result.output
    assert "85011512356" not in result.output


def test_a_badge_that_is_no_badge_is_refused_with_the_reason(config: Path) -> None:
    result = run("badge", "assign", "xyz", "w1", "--config", config)
    assert result.exit_code == 1
    assert "badge xyz" in result.output


def test_a_journal_of_the_other_kind_is_refused(config: Path) -> None:
    run("roster", "import", written(config.parent, PEOPLE), "--config", config)
    address = '"https://127.0.0.1:1/PresenceRegistration/v1"'
    real = config.read_text().replace("training = true", "training = false")
    real = real.replace('trust = "always"', 'trust = "kernel"').replace(
        'environment = "Simulation"', 'environment = "Production"'
    )
    real = re.sub(r"(?m)^anchors = .*$", "", real)
    config.write_text(
        real.replace(address, '"https://services.socialsecurity.be/PresenceRegistration/v1"')
    )
    result = run("status", "--config", config)
    assert result.exit_code == 1
    assert "training registrations" in result.output


def test_tomorrows_crews_are_listed_and_a_crew_is_confirmed_by_its_company_number(
    config: Path,
) -> None:
    run("roster", "import", written(config.parent, PEOPLE), "--config", config)
    off = run("ahead", "--confirm", "0448.181.966", "--config", config)
    assert (off.exit_code, "ahead.enabled = true" in off.output) == (1, True)
    config.write_text(config.read_text() + "\n[ahead]\nenabled = true\n")
    listed = run("ahead", "--config", config)
    assert "not confirmed: werfpoort ahead --confirm 0448181966" in listed.output
    done = run(
        "ahead", "--confirm", "0448.181.966", "--without", "w1", "--config", config, "--json"
    )
    assert (done.exit_code, "2 of 0448181966" in done.output) == (0, True), done.output
    stand = json.loads(run("ahead", "--json", "--config", config).output)
    (linde,) = (firm for firm in stand["employers"] if firm["employer"] == "0448181966")
    assert (linde["crew"], linde["obligations"]) == (3, {"being sent": 2})
    wrong = run("ahead", "--confirm", "0448181967", "--config", config)
    assert (wrong.exit_code, "0448181967" in wrong.output) == (1, True)
    assert run("ahead", "--confirm", "0448181966", "--without", "An", "--config", config).exit_code
    nobody = run("ahead", "--cancel-missing", "--config", config)
    assert (nobody.exit_code, "nobody" in nobody.output) == (0, True)
