"""Pairs that contractors make, and recipients that technicians copy."""

from __future__ import annotations

import datetime as dt
import stat
from pathlib import Path

import pyrage
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.cli import main
from agent.core.identifiers import IdentifierError
from agent.core.recipient import parse_recipient
from agent.export.keys import KeyFileError, identities_in, make_pair

NOW = dt.datetime(2026, 11, 24, 14, 0, tzinfo=dt.UTC)


def test_a_pair_opens_what_is_encrypted_to_it_and_only_its_owner_may_read_it(
    tmp_path: Path,
) -> None:
    file = tmp_path / "identity.txt"
    recipient = make_pair(file, NOW)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    sealed = pyrage.encrypt(b"bundle", [pyrage.x25519.Recipient.from_str(recipient)])
    assert pyrage.decrypt(sealed, identities_in(file)) == b"bundle"


def test_a_key_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "identity.txt"
    make_pair(file, NOW)
    before = file.read_bytes()
    with pytest.raises(KeyFileError, match="name another file"):
        make_pair(file, NOW)
    (tmp_path / "link.txt").symlink_to(tmp_path / "elsewhere.txt")
    with pytest.raises(KeyFileError):
        make_pair(tmp_path / "link.txt", NOW)
    assert file.read_bytes() == before
    assert not (tmp_path / "elsewhere.txt").exists()


@pytest.mark.parametrize("content", ["", "# public key: age1x\n", "AGE-SECRET-KEY-1QQ\n"])
def test_a_file_without_a_key_is_told(tmp_path: Path, content: str) -> None:
    file = tmp_path / "identity.txt"
    file.write_text(content)
    with pytest.raises(KeyFileError):
        identities_in(file)
    with pytest.raises(KeyFileError):
        identities_in(tmp_path / "missing.txt")


def test_the_command_prints_the_line_for_the_configuration_and_never_the_secret(
    tmp_path: Path,
) -> None:
    file = tmp_path / "identity.txt"
    done = CliRunner().invoke(main, ["keys", "contractor", "--to", str(file)])
    assert done.exit_code == 0, done.output
    recipient = done.output.split('recipient = "')[1].split('"')[0]
    assert parse_recipient(recipient) == recipient
    assert f"# public key: {recipient}" in file.read_text()
    assert "AGE-SECRET-KEY" not in done.output
    again = CliRunner().invoke(main, ["keys", "contractor", "--to", str(file)])
    assert again.exit_code == 1


def test_every_recipient_that_age_makes_is_taken_in_either_case() -> None:
    for _ in range(50):
        recipient = str(pyrage.x25519.Identity.generate().to_public())
        assert parse_recipient(f" {recipient.upper()} ") == recipient


RECIPIENT = "age1gmjjpsjlrlp4wsxhkygjsz2et6sv36hzrugp66ky6afa5l2hfsnsadvjw7"


@given(st.integers(4, len(RECIPIENT) - 1), st.sampled_from("qpzry9x8gf2tvdw0s3jn54khce6mua7l"))
@settings(deadline=None)
def test_one_mistyped_character_is_found(place: int, character: str) -> None:
    typed = RECIPIENT[:place] + character + RECIPIENT[place + 1 :]
    if typed == RECIPIENT:
        assert parse_recipient(typed) == RECIPIENT
    else:
        with pytest.raises(IdentifierError, match="check characters"):
            parse_recipient(typed)


def test_the_secret_half_is_refused_without_repeating_it() -> None:
    secret = str(pyrage.x25519.Identity.generate())
    with pytest.raises(IdentifierError, match="secret half") as refused:
        parse_recipient(secret)
    assert secret[20:] not in str(refused.value)
