"""Certificates and keys from files: checked, kept secret, taken up anew."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import load_pem_x509_certificate

from agent.channels.base import NotAuthenticated
from agent.channels.credentials import CredentialError, CredentialFiles, Credentials, load
from agent.sandbox.authority import Authority, Pair

START = dt.datetime(2026, 11, 24, 5, 58, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def pairs(senders: Authority) -> tuple[Pair, Pair]:
    return senders.sender("gate 1"), senders.sender("gate 2")


@pytest.fixture
def files(pairs: tuple[Pair, Pair], tmp_path: Path) -> CredentialFiles:
    certificate, key = pairs[0].write(tmp_path, "gate")
    return CredentialFiles(certificate, key)


def problem(files: CredentialFiles) -> CredentialError:
    with pytest.raises(CredentialError) as caught:
        load(files)
    assert caught.value.hint
    assert "PRIVATE" not in str(caught.value)
    return caught.value


def secret(path: Path, data: bytes) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(data)
    return path


def bundle(pair: Pair, password: bytes | None) -> bytes:
    key = serialization.load_pem_private_key(pair.key_pem, None)
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password is not None:
        encryption = serialization.BestAvailableEncryption(password)
    certificate = load_pem_x509_certificate(pair.certificate_pem)
    return pkcs12.serialize_key_and_certificates(b"gate", key, certificate, None, encryption)


def test_two_pem_files_make_a_credential(files: CredentialFiles) -> None:
    credential = load(files)

    assert credential.not_after == START + dt.timedelta(days=30)
    assert len(credential.fingerprint) == 64


@pytest.mark.parametrize("password", [None, b"correct horse"])
def test_a_pkcs12_file_makes_the_same_credential(
    files: CredentialFiles, pairs: tuple[Pair, Pair], tmp_path: Path, password: bytes | None
) -> None:
    both = secret(tmp_path / "gate.p12", bundle(pairs[0], password))
    word = secret(tmp_path / "word", password + b"\n") if password else None

    assert load(CredentialFiles(both, password_file=word)) == load(files)


def test_a_wrong_pass_phrase_is_said_to_be_possible(
    pairs: tuple[Pair, Pair], tmp_path: Path
) -> None:
    both = secret(tmp_path / "gate.p12", bundle(pairs[0], b"correct horse"))
    word = secret(tmp_path / "word", b"wrong")

    assert "pass phrase is wrong" in str(problem(CredentialFiles(both, password_file=word)))


def test_a_key_with_a_pass_phrase_asks_for_it(
    files: CredentialFiles, pairs: tuple[Pair, Pair]
) -> None:
    key = serialization.load_pem_private_key(pairs[0].key_pem, None)
    assert files.key is not None
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"correct horse"),
        )
    )

    error = problem(files)

    assert "needs a pass phrase" in str(error)
    assert "password_file" in error.hint


def test_nothing_secret_stands_in_a_repr(files: CredentialFiles) -> None:
    credential = load(files)

    assert "PRIVATE" not in repr(credential)
    assert "key_pem" not in repr(credential)
    assert "gate 1" not in repr(credential)


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o660, 0o777])
def test_a_key_that_others_may_read_or_change_is_refused(files: CredentialFiles, mode: int) -> None:
    assert files.key is not None
    files.key.chmod(mode)

    error = problem(files)

    assert f"{mode:04o}" in str(error)
    assert f"chmod 600 {files.key}" in error.hint


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o600, 0o640])
def test_a_key_as_systemd_gives_it_is_taken(files: CredentialFiles, mode: int) -> None:
    assert files.key is not None
    files.key.chmod(mode)

    assert load(files).fingerprint


@pytest.mark.parametrize("part", ["certificate", "key"])
@pytest.mark.parametrize("content", [b"", b"rubbish", b"\0" * 100])
def test_a_broken_file_is_named(files: CredentialFiles, part: str, content: bytes) -> None:
    path: Path = getattr(files, part)
    path.write_bytes(content)

    assert str(path) in str(problem(files))


@pytest.mark.parametrize("part", ["certificate", "key"])
def test_a_missing_file_is_named(files: CredentialFiles, part: str) -> None:
    path: Path = getattr(files, part)
    path.unlink()

    assert f"{path} cannot be read" in str(problem(files))


def test_a_key_of_another_certificate_is_refused(
    files: CredentialFiles, pairs: tuple[Pair, Pair]
) -> None:
    assert files.key is not None
    files.key.write_bytes(pairs[1].key_pem)

    assert "does not belong to the certificate" in str(problem(files))


def test_only_rsa_keys_can_sign(files: CredentialFiles) -> None:
    assert files.key is not None
    files.key.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )

    assert "no RSA key" in str(problem(files))


def test_a_renewed_pair_is_taken_up_while_running(
    files: CredentialFiles, pairs: tuple[Pair, Pair], tmp_path: Path
) -> None:
    credentials = Credentials(files)
    old = credentials.current()

    replace(files, pairs[1], tmp_path)

    assert credentials.current().fingerprint != old.fingerprint
    assert credentials.problem is None


def test_a_half_renewed_pair_leaves_the_old_one_in_force(
    files: CredentialFiles, pairs: tuple[Pair, Pair], tmp_path: Path
) -> None:
    credentials = Credentials(files)
    old = credentials.current()

    files.certificate.write_bytes(pairs[1].certificate_pem + b"\n")
    assert credentials.current() == old
    assert "does not belong" in str(credentials.problem)

    replace(files, pairs[1], tmp_path)
    assert credentials.current() != old
    assert credentials.problem is None


def test_files_that_were_never_good_are_an_error_until_they_are(
    files: CredentialFiles, pairs: tuple[Pair, Pair]
) -> None:
    assert files.key is not None
    files.key.unlink()
    credentials = Credentials(files)
    for _ in range(2):
        with pytest.raises(NotAuthenticated, match="cannot be read"):
            credentials.current()

    secret(files.key, pairs[0].key_pem)

    assert credentials.current().fingerprint


def replace(files: CredentialFiles, pair: Pair, folder: Path) -> None:
    new = folder / "new"
    new.mkdir()
    certificate, key = pair.write(new, "gate")
    assert files.key is not None
    os.replace(certificate, files.certificate)
    os.replace(key, files.key)
