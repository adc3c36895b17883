"""The configuration: what a technician may write, and what is said of every slip."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import os
import re
import subprocess
import sys
import tomllib
import typing
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from agent.config import Config, ConfigError, check_config, load_config
from agent.core.outage.measurements import ANSWER_HOLDS_MS
from agent.core.rules import Per
from agent.findings import Finding, report
from agent.paper.operator_code import made
from drivers.base import Direction, KeypadSettings
from drivers.paper import Paper, PrinterSettings

EXAMPLE = Path(__file__).parents[1] / "config" / "werfpoort.example.toml"

GOOD = """
[gate]
name = "noord-1"
roster = "roster.csv"
[site]
name = "Werf"
declaration = "1Y1000NF9KCQZ"
company = "BE 0448.181.966"
[[readers]]
[[channels]]
name = "rsz"
certificate = "gate.crt"
key = "gate.key"
"""


TWO_WAYS = GOOD.replace(
    "[[readers]]",
    '[[readers]]\nname = "in"\ndirection = "in"\n'
    '[[readers]]\nname = "out"\npath = "usb"\ndirection = "out"',
)


def write(folder: Path, text: str) -> Path:
    file = folder / "werfpoort.toml"
    file.write_text(text, encoding="utf-8")
    return file


@functools.cache
def certificate_and_key(firm: str) -> tuple[bytes, bytes]:
    """A certificate and its key in PEM form."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, firm)])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(dt.datetime(2020, 1, 1))
    certificate = builder.not_valid_after(dt.datetime(2090, 1, 1)).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    traditional = serialization.PrivateFormat.TraditionalOpenSSL
    secret = key.private_bytes(pem, traditional, serialization.NoEncryption())
    return certificate.public_bytes(pem), secret


def write_files(folder: Path, firm: str = "gate") -> None:
    """The roster, certificate and key that GOOD names."""
    certificate, key = certificate_and_key(firm)
    (folder / "gate.crt").write_bytes(certificate)
    (folder / "gate.key").write_bytes(key)
    (folder / "gate.key").chmod(0o600)
    (folder / "roster.csv").write_text("badge_uid,surname\n")
    (folder / "roster.csv").chmod(0o600)


def findings_of(folder: Path, text: str) -> tuple[Finding, ...]:
    """What is said of a configuration whose files are all there."""
    write_files(folder)
    return check_config(write(folder, text))[1]


def one_finding(folder: Path, text: str) -> Finding:
    (finding,) = findings_of(folder, text)
    return finding


# --- the example ------------------------------------------------------------------------------


def example_with_defaults() -> str:
    """The example with every key at its default written out."""
    return re.sub(r"^#(?=\w+ = )", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def sections(holder: type = Config, above: str = "") -> list[tuple[str, typing.Any]]:
    """Every section of the configuration, those within others too: its key and its dataclass."""
    found = []
    for name, hint in typing.get_type_hints(holder).items():
        kind = typing.get_args(hint)[0] if typing.get_args(hint) else hint
        if dataclasses.is_dataclass(kind):
            found.append((above + name, kind))
            found += sections(kind, f"{above}{name}.")
    return found


SECTIONS = sections()
KEYS = [
    (name, kind, part)
    for name, kind in SECTIONS
    for part in dataclasses.fields(kind)
    if f"{name}.{part.name}" not in dict(SECTIONS)
]


def key_id(value: object) -> str:
    return getattr(value, "name", value if isinstance(value, str) else "")


@pytest.mark.parametrize(("section", "kind", "part"), KEYS, ids=key_id)
def test_the_example_explains_every_key(
    section: str, kind: type, part: dataclasses.Field[object]
) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    body = re.split(rf"^\[+{section}\]+$", text, flags=re.MULTILINE)[1]
    body = re.split(r"^\[", body, flags=re.MULTILINE)[0]
    explained = re.search(rf"((?:^# .*\n)+)#?{part.name} = ", body, flags=re.MULTILINE)
    assert explained, f"{section}.{part.name} has no comment"
    comment = explained[1]
    assert "Why: " in comment
    assert "Required" in comment or "Default: " in comment
    if re.search(r"_(s|hours|ms)$", part.name):
        assert "Unit: " in comment


@pytest.mark.parametrize(("section", "kind", "part"), KEYS, ids=key_id)
def test_a_key_behind_a_hash_in_the_example_stands_at_its_default(
    section: str, kind: type, part: dataclasses.Field[object]
) -> None:
    shown = tomllib.loads(example_with_defaults())
    for name in section.split("."):
        shown = shown[name][0] if isinstance(shown[name], list) else shown[name]
    value = shown[part.name]
    if part.default is dataclasses.MISSING:
        assert f"\n{part.name} = " in EXAMPLE.read_text(encoding="utf-8")
    elif part.default is not None:  # TOML has no word for nothing
        default = part.default
        assert value == (
            list(default)
            if isinstance(default, tuple)
            else str(default)
            if isinstance(default, Path)
            else default
        )


def test_the_example_passes_once_its_files_are_there(tmp_path: Path) -> None:
    write_files(tmp_path)
    text = EXAMPLE.read_text(encoding="utf-8")
    text = text.replace("/var/lib/werfpoort/roster.csv", "roster.csv", 1)
    text = text.replace("/etc/werfpoort/rsz.crt", "gate.crt")
    text = text.replace("/etc/werfpoort/rsz.key", "gate.key")
    config, findings = check_config(write(tmp_path, text))
    assert findings == ()
    assert config is not None and config.site.company == "0448181966"


def test_the_example_loads_as_it_is() -> None:
    assert load_config(EXAMPLE).gate.name == "noord-1"


# --- what comes out ---------------------------------------------------------------------------


def test_a_good_configuration_is_normalised_and_its_paths_count_from_its_folder(
    tmp_path: Path,
) -> None:
    write_files(tmp_path)
    config, findings = check_config(write(tmp_path, GOOD))
    assert findings == ()
    assert config is not None
    assert config.site.company == "0448181966"
    assert config.gate.roster == tmp_path / "roster.csv"
    assert config.gate.journal == Path("/var/lib/werfpoort/journal.db")
    assert config.readers[0].direction is Direction.ANY
    assert config.channels[0].endpoint.startswith("https://services.socialsecurity.be/")


def test_the_core_gets_its_rules_in_milliseconds(tmp_path: Path) -> None:
    extra = '[[employers]]\nnumber = "0701.234.576"\nname = "Firma"\nduty = "checkinatwork"\n'
    rules = load_config(write(tmp_path, GOOD + extra)).rules
    assert (rules.debounce_ms, rules.shift_ms, rules.burst_ms) == (3_000, 43_200_000, 60_000)
    assert [(line.name, line.duty, line.batch) for line in rules.lines] == [
        ("rsz", "checkinatwork", 200)
    ]
    assert rules.duties == {"0701234576": "checkinatwork"}
    assert rules.duty_of("0448181966").per is Per.DAY
    assert str(rules.zone) == "Europe/Brussels"


def test_what_a_service_answered_outlasts_every_pause_that_may_be_configured(
    tmp_path: Path,
) -> None:
    """Else an outage of a service would seem to be over between two attempts."""
    longest_s = ANSWER_HOLDS_MS // 4000
    allowed = f"[delivery]\nburst_s = 600\nlongest_retry_s = {longest_s}\n"
    assert not findings_of(tmp_path, GOOD + allowed)
    (told,) = findings_of(tmp_path, f"{GOOD}[delivery]\nlongest_retry_s = {longest_s + 1}\n")
    assert "delivery.longest_retry_s" in told.where
    assert "out of range" in told.problem


def test_a_pin_that_is_not_wired_is_written_as_none(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, GOOD + '[panel]\nbuzzer = "none"\n'))
    assert config.panel.buzzer is None


# --- what is said of slips --------------------------------------------------------------------


def test_every_error_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    text = """[gate]
nmae = "noord-1"
roster = "roster.csv"
debounce_s = "3"
[site]
name = "Werf"
declaration = "1Y1OOO"
company = "0448.181.967"
[[readers]]
direction = "sideways"
[[channels]]
name = "RSZ"
environment = "Producton"
[delivery]
first_retry_s = 60
longest_retry_s = 5
"""
    found = {finding.where: finding for finding in findings_of(tmp_path, text)}
    assert list(found) == [
        "line 2, gate.nmae",
        "gate.name",
        "line 4, gate.debounce_s",
        "line 7, site.declaration",
        "line 8, site.company",
        "line 10, readers[1].direction",
        "line 12, channels[1].name",
        "line 13, channels[1].environment",
        "line 15, delivery.first_retry_s",
    ]
    assert found["line 2, gate.nmae"].mend == "did you mean `name`?"
    assert found["line 4, gate.debounce_s"].mend == "write a number, without quotation marks"
    assert '"Production"' in found["line 13, channels[1].environment"].mend
    assert all(finding.mend for finding in found.values())


@pytest.mark.parametrize(
    ("text", "where", "problem"),
    [
        ('[gate]\nname = "a\n', "line 2, column 10", "Illegal character"),
        ("[gate\n", "line 1, column 6", "Expected ']'"),
        ("a = 1\na = 2\n", "line 2, column 6", "Cannot overwrite"),
        ("x = " + "[" * 3_000, "", "is nested too deeply"),
    ],
)
def test_what_is_not_toml_is_told_with_line_and_column(
    tmp_path: Path, text: str, where: str, problem: str
) -> None:
    config, (finding,) = check_config(write(tmp_path, text))
    assert config is None
    assert finding.where == where
    assert problem in finding.problem


def test_a_missing_configuration_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        load_config(tmp_path / "werfpoort.toml")


def test_a_folder_in_place_of_the_configuration_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory"):
        load_config(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_configuration_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    file.chmod(0)
    with pytest.raises(ConfigError, match="may not be read"):
        load_config(file)


def test_a_configuration_in_an_old_encoding_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "werfpoort.toml"
    file.write_bytes(b'[site]\nname = "Li\xe8ge"\n')
    (finding,) = check_config(file)[1]
    assert (finding.where, finding.problem) == ("line 2", "is not UTF-8 text")


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    file = tmp_path / "werfpoort.toml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load_config(file).gate.name == "noord-1"


SLIPS = [
    ('name = "noord-1"', 'name = "Noord 1"', "gate.name", "is not a name"),
    ('name = "noord-1"', 'name = "noord\\u0000"', "gate.name", "control character"),
    ('name = "noord-1"', 'name = "a"\ntrianing = true', "gate.trianing", "known key"),
    ('name = "noord-1"', 'name = "a"\ndata_dir = ""', "gate.data_dir", "belongs here"),
    ('name = "noord-1"', 'name = "a"\nshift_hours = nan', "gate.shift_hours", "out of range"),
    ('name = "noord-1"', 'name = "a"\nlanguages = []', "gate.languages", "different languages"),
    ('name = "noord-1"', 'name = "a"\nlanguages = ["nl", "nl"]', "gate.languages", "different"),
    ('name = "noord-1"', 'name = "a"\ntraining = 1', "gate.training", "belongs here"),
    ("[[readers]]", "[readers]", "readers", "is a section"),
    ("[[readers]]", "", "readers", "is missing"),
    ("[[readers]]", '[[readers]]\nkind = "rdm"', "readers[1].kind", "not known"),
    ("[[readers]]", "[[readers]]\n[[readers]]", "readers[2].name", "also that of readers[1]"),
    ("[[readers]]", "[[readers]]\nbaud = 19200", "readers[1].baud", "no speed to set"),
    ("[[readers]]", '[[readers]]\nkind = "line"\nbaud = 300', "readers[1].baud", "no speed of"),
    ("[[readers]]", '[[readers]]\n[readers.frame]\nend = "0A"', "readers[1].frame", "of its own"),
    (
        "[[readers]]",
        "[[readers]]\n[readers.frame]\nreverse = true",
        "readers[1].frame.reverse",
        "in their order",
    ),
    (
        "[[readers]]",
        '[[readers]]\nkind = "line"\n[readers.frame]\nend = ""',
        "readers[1].frame.end",
        "is empty",
    ),
    (
        "[[readers]]",
        '[[readers]]\nkind = "line"\n[readers.frame]\nstart = "2"',
        "readers[1].frame.start",
        "not bytes in hex",
    ),
    ("[[readers]]", "[panel]\nred = 17\n[[readers]]", "panel.red", "also that of amber"),
    ("[[readers]]", "[panel]\nred = 28\n[[readers]]", "panel.red", "out of range"),
    ("[[readers]]", '[clock]\ntrust = "always"\n[[readers]]', "clock.trust", "training only"),
    ('key = "gate.key"', "", "channels[1].key", "is missing"),
    ('key = "gate.key"', 'pkcs12 = "a.p12"', "channels[1].pkcs12", "only one of the two"),
    ('name = "rsz"', 'name = "rsz"\nbatch = 201', "channels[1].batch", "out of range"),
    ('name = "rsz"', 'name = "r"\naddress = "http://x"', "channels[1].address", "not an https"),
    ('name = "rsz"', 'name = "r"\naddress = "https://[x"', "channels[1].address", "not an https"),
    ('name = "rsz"', 'name = "r"\ntrust = "kernel"', "channels[1].trust", "not a known key"),
]


@pytest.mark.parametrize(("good", "bad", "key", "problem"), SLIPS)
def test_a_slip_is_told_by_its_key(
    tmp_path: Path, good: str, bad: str, key: str, problem: str
) -> None:
    findings = findings_of(tmp_path, GOOD.replace(good, bad, 1))
    told = [f for f in findings if f.where.split(", ")[-1] == key]
    assert len(told) == 1
    assert problem in told[0].problem
    assert told[0].mend


def channel(lines: str, *, training: bool) -> str:
    text = GOOD.replace('name = "noord-1"', f'name = "a"\ntraining = {str(training).lower()}', 1)
    return text.replace('name = "rsz"', f'name = "rsz"\n{lines}', 1)


@pytest.mark.parametrize(
    ("lines", "training", "problem"),
    [
        ("", True, "would make real registrations"),
        (
            'address = "https://services.socialsecurity.be/x"\nenvironment = "Simulation"',
            True,
            "real",
        ),
        ('address = "https://gateway.example/x"', True, "would make real registrations"),
        ('address = "https://127.0.0.1:8443/x"', False, "registers nobody really"),
        ('address = "https://[::1]/x"', False, "registers nobody really"),
        ('address = "https://services-sim.socialsecurity.be/x"', False, "registers nobody"),
        ('address = "https://x.example/"\nenvironment = "Simulation"', False, "registers nobody"),
        ('environment = "Simulation"', True, "Simulation has no default"),
    ],
)
def test_training_and_real_registrations_are_never_mixed(
    tmp_path: Path, lines: str, training: bool, problem: str
) -> None:
    assert problem in one_finding(tmp_path, channel(lines, training=training)).problem


@pytest.mark.parametrize(
    ("lines", "training"),
    [
        ('address = "https://127.0.0.1:8443/x"\nenvironment = "Simulation"', True),
        ('address = "https://localhost:8443/x"', True),
        ('address = "https://x.example/"\nenvironment = "Simulation"', True),
        ('address = "https://proxy.firm.example/checkinatwork"', False),
    ],
)
def test_training_goes_with_what_registers_nobody(
    tmp_path: Path, lines: str, training: bool
) -> None:
    assert findings_of(tmp_path, channel(lines, training=training)) == ()


def test_a_duty_without_a_channel_is_told(tmp_path: Path) -> None:
    extra = '[[employers]]\nnumber = "0701.234.576"\nname = "Net"\nduty = "checkinout"\n'
    finding = one_finding(tmp_path, TWO_WAYS + extra)
    assert finding.where.endswith("employers[1].duty")
    assert "no channel fulfils" in finding.problem


def test_in_and_out_needs_readers_that_tell_which(tmp_path: Path) -> None:
    extra = '[[employers]]\nnumber = "0701.234.576"\nname = "Net"\nduty = "checkinout"\n'
    found = findings_of(tmp_path, GOOD + extra)
    assert {f.where.rpartition(" ")[2] for f in found} == {
        "readers[1].direction",
        "employers[1].duty",
    }
    assert any('write "in" or "out"' in f.mend for f in found)


def test_one_employer_twice_is_told(tmp_path: Path) -> None:
    extra = '[[employers]]\nnumber = "{}"\nname = "Net"\n'
    text = GOOD + extra.format("0701.234.576") + extra.format("BE 0701234576")
    assert "also that of employers[1]" in one_finding(tmp_path, text).problem


# --- each kind of channel ---------------------------------------------------------------------

BASE = GOOD[: GOOD.index("[[channels]]")]
IN_OUT = """[[channels]]
name = "cio"
kind = "checkinout"
key = "gate.key"
client_id = "gate-1"
"""
PLACE = "[site.place]\nlatitude = 50.85\nlongitude = 4.35\n"
SUPPLIER = """[[channels]]
name = "firma"
kind = "supplier"
address = "https://supplier.example/api"
token_file = "token"
"""


EACH_FIVE = "roster_every_min = 5\n"


def with_token(folder: Path) -> None:
    (folder / "token").touch(0o600)
    (folder / "token").write_text("made-up-token\n")


def test_a_channel_of_each_kind_passes(tmp_path: Path) -> None:
    with_token(tmp_path)
    text = BASE.replace("[[readers]]", PLACE + "[[readers]]")
    text += GOOD[len(BASE) :] + IN_OUT + SUPPLIER
    assert findings_of(tmp_path, text) == ()
    rules = load_config(tmp_path / "werfpoort.toml").rules
    assert [(line.name, line.duty) for line in rules.lines] == [
        ("rsz", "checkinatwork"),
        ("cio", "checkinout"),
        ("firma", "checkinatwork"),
    ]


def test_a_supplier_may_fulfil_the_other_duty(tmp_path: Path) -> None:
    with_token(tmp_path)
    text = BASE.replace("[site]", '[site]\nduty = "checkinout"') + SUPPLIER
    text = text.replace("[[readers]]", '[[readers]]\ndirection = "in"')
    assert findings_of(tmp_path, text + 'for_duty = "checkinout"\n') == ()
    assert "no channel fulfils" in one_finding(tmp_path, text).problem


def test_a_suppliers_api_is_described_in_sections_of_its_own(tmp_path: Path) -> None:
    with_token(tmp_path)
    text = (
        BASE
        + SUPPLIER
        + """[channels.api]
registrations = "/v2/presences"
headers = ["X-Tenant: werf-12"]
[channels.request]
inss = "/worker/niss"
[channels.answer]
receipt = "/onss/number"
handed_over = ["PENDING"]
"""
    )
    assert findings_of(tmp_path, text) == ()
    channel = load_config(tmp_path / "werfpoort.toml").channels[0]
    assert channel.api.headers == ("X-Tenant: werf-12",)
    assert (channel.request.inss, channel.answer.receipt) == ("/worker/niss", "/onss/number")


@pytest.mark.parametrize(
    ("lines", "where", "problem"),
    [
        (GOOD[len(BASE) :] + 'client_id = "x"\n', "channels[1].client_id", "means nothing"),
        (GOOD[len(BASE) :] + "[channels.api]\nroster = '/r'\n", "channels[1].api", "nothing"),
        (PLACE + IN_OUT.replace("client_id", "scope"), "channels[1].client_id", "is missing"),
        (PLACE + IN_OUT.replace('key = "gate.key"\n', ""), "channels[1].key", "is missing"),
        (PLACE + IN_OUT + 'token_address = "http://x"\n', "channels[1].token_address", "https"),
        (PLACE + IN_OUT + 'token_address = ""\n', "channels[1].token_address", "is missing"),
        (PLACE + IN_OUT + "oldest_s = 5\n", "channels[1].oldest_s", "out of range"),
        (IN_OUT, "site.place", "is missing"),
        ("[site.place]\nlatitude = 50.85\n" + IN_OUT, "site.place.longitude", "is missing"),
        (PLACE.replace("50.85", "4.35") + IN_OUT, "site.place.latitude", "out of range"),
        (SUPPLIER.replace("token_file", "#"), "channels[1].token_file", "is missing"),
        (SUPPLIER.replace("address", "#"), "channels[1].address", "is missing"),
        (SUPPLIER + 'certificate = "gate.crt"\n', "channels[1].key", "is missing"),
        (SUPPLIER + 'valid_until = "31/5/2027"\n', "channels[1].valid_until", "no date"),
        (SUPPLIER + "roster_every_min = 9999\n", "channels[1].roster_every_min", "out of range"),
        (GOOD[len(BASE) :] + 'valid_until = "2027-05-31"\n', "channels[1].valid_until", "nothing"),
        (
            SUPPLIER.replace("firma", "a") + EACH_FIVE + SUPPLIER + EACH_FIVE,
            "channels[2].roster_every_min",
            "another channel",
        ),
        (SUPPLIER + '[ahead]\nhere_by = "9 uur"\n', "ahead.here_by", "no time of the day"),
        (SUPPLIER + 'for_duty = "x"\n', "channels[1].for_duty", "not known"),
        (SUPPLIER + '[channels.api]\nregistration = "/r"\n', "api.registration", "reference"),
        (SUPPLIER + '[channels.api]\nroster = "r"\n', "api.roster", "not a path"),
        (SUPPLIER + '[channels.api]\nkey_header = "a b"\n', "api.key_header", "name of a header"),
        (SUPPLIER + '[channels.api]\nheaders = ["x"]\n', "api.headers", "no header"),
        (
            SUPPLIER + '[channels.api]\nheaders = ["authorization: Bearer x"]\n',
            "api.headers",
            "writes itself",
        ),
        (SUPPLIER + '[channels.request]\ninss = "niss"\n', "request.inss", "says no place"),
        (SUPPLIER + '[channels.request]\ninss = ""\n', "request.inss", "is empty"),
        (SUPPLIER + '[channels.request]\ninss = "/day/x"\n', "request.inss", "same place as day"),
        (SUPPLIER + '[channels.answer]\nreceipt = ""\n', "answer.receipt", "is empty"),
        (SUPPLIER + '[channels.answer]\nreference = ""\n', "answer.reference", "is empty"),
        (SUPPLIER + '[channels.answer]\nrejected = ["409"]\n', "answer.handed_over", "rejected"),
        (SUPPLIER + '[channels.answer]\nstate = "~2"\n', "answer.state", "says no place"),
        (SUPPLIER + '[channels.answer]\nstat = "/s"\n', "channels[1].answer.stat", "known key"),
    ],
)
def test_a_slip_in_a_channel_is_told_with_its_place_and_mend(
    tmp_path: Path, lines: str, where: str, problem: str
) -> None:
    with_token(tmp_path)
    duty = "checkinout" if "checkinout" in lines else "checkinatwork"
    text = BASE.replace("[site]", f'[site]\nduty = "{duty}"') + lines
    found = [f for f in findings_of(tmp_path, text) if where in f.where]
    assert len(found) == 1
    assert problem in found[0].problem + found[0].mend
    assert found[0].mend


def test_a_slip_in_a_part_of_a_channel_is_told_with_its_line(tmp_path: Path) -> None:
    with_token(tmp_path)
    text = BASE + SUPPLIER + '[channels.request]\nday = "day"\n'
    line = text.split("\n").index('day = "day"') + 1
    assert one_finding(tmp_path, text).where == f"line {line}, channels[1].request.day"


@pytest.mark.parametrize("content", ["", "two words", "a\nb", "tökèn"])
def test_a_file_that_holds_no_token_is_told(tmp_path: Path, content: str) -> None:
    with_token(tmp_path)
    (tmp_path / "token").write_text(content, encoding="utf-8")
    finding = one_finding(tmp_path, BASE + SUPPLIER)
    assert finding.where == "channels[1].token_file"
    assert "no token" in finding.problem


def test_a_token_that_others_may_read_is_told(tmp_path: Path) -> None:
    with_token(tmp_path)
    (tmp_path / "token").chmod(0o644)
    finding = one_finding(tmp_path, BASE + SUPPLIER)
    assert "others may read" in finding.problem
    assert "chmod 600" in finding.mend


# --- the files that it names ------------------------------------------------------------------


def test_missing_files_are_told_and_do_not_stop_the_gate(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    config, findings = check_config(file)
    assert [f.where for f in findings] == ["gate.roster", "channels[1].certificate"]
    assert config is not None
    assert load_config(file) == config


def test_a_roster_that_everybody_may_read_is_a_warning(tmp_path: Path) -> None:
    write_files(tmp_path)
    (tmp_path / "roster.csv").chmod(0o644)
    (finding,) = check_config(write(tmp_path, GOOD))[1]
    assert finding.warning
    assert "chmod" in finding.mend


def test_a_key_that_everybody_may_read_is_told(tmp_path: Path) -> None:
    write_files(tmp_path)
    (tmp_path / "gate.key").chmod(0o644)
    (finding,) = check_config(write(tmp_path, GOOD))[1]
    assert "0644" in finding.problem


def test_a_key_of_another_certificate_is_told(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write_files(other, "other")
    write_files(tmp_path)
    (other / "gate.crt").rename(tmp_path / "gate.crt")
    (finding,) = check_config(write(tmp_path, GOOD))[1]
    assert finding.where == "channels[1].certificate"


def test_an_authority_that_is_no_certificate_is_told(tmp_path: Path) -> None:
    text = GOOD + 'ca_file = "roster.csv"\n'
    assert "holds no certificate" in one_finding(tmp_path, text).problem


# --- in general -------------------------------------------------------------------------------


values = st.recursive(
    st.one_of(st.booleans(), st.integers(-9, 999), st.floats(), st.text(max_size=9)).map(repr)
    | st.sampled_from(
        ['"none"', '""', "[]", "{}", "2026-11-23", "07:00:00", '["nl"]', '"é\\u0001"']
    ),
    lambda inner: st.lists(inner, max_size=2).map(lambda parts: f"[{', '.join(parts)}]"),
    max_leaves=3,
)
KEY_NAMES = sorted({part.name for _, _, part in KEYS})
HEADERS = [form for name, _ in sections() for form in (f"[{name}]", f"[[{name}]]")]
lines = st.sampled_from(HEADERS) | st.builds("{} = {}".format, st.sampled_from(KEY_NAMES), values)


@given(st.lists(lines, max_size=12))
def test_any_text_gives_findings_with_a_mend_and_never_an_exception(
    tmp_path_factory: pytest.TempPathFactory, text: list[str]
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_text("\n".join(text), encoding="utf-8", errors="surrogatepass")
    config, findings = check_config(file)
    assert config is None
    assert findings and all(finding.problem and finding.mend for finding in findings)


def test_a_report_tells_each_finding_in_two_lines_and_counts_them() -> None:
    findings = [
        Finding("a.toml", "line 3, site.name", "is empty", "write it"),
        Finding("a.toml", "", "is open to all", "chmod it", warning=True),
    ]
    assert report(findings) == (
        "a.toml: line 3, site.name: is empty\n    → write it\n"
        "a.toml: warning: is open to all\n    → chmod it\n"
        "1 error, 1 warning"
    )
    assert report([]) == ""
    assert str(findings[0]) == "a.toml: line 3, site.name: is empty; write it"


def test_reading_a_configuration_loads_no_heavy_library() -> None:
    code = (
        "import sys; from pathlib import Path; from agent.config import load_config;"
        f"load_config(Path({str(EXAMPLE)!r}));"
        "print([m for m in ('cryptography', 'httpx', 'nfc', 'ssl', 'lxml', 'serial') "
        "if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=EXAMPLE.parents[1],
    )
    assert run.stdout == "[]\n"


# --- keypad and printer -----------------------------------------------------------------------

HASHED = made("482915", b"a salt of a test")


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ('[keypad]\nkind = "matrix"', "operator.code is missing"),
        (f'[keypad]\nkind = "usb"\n[operator]\ncode = "{HASHED}"', "keypad.path is missing"),
        (
            f'[keypad]\nkind = "matrix"\nname = "page"\n[operator]\ncode = "{HASHED}"',
            "keypad.name is what the journal calls the page",
        ),
        (f'[keypad]\nkind = "matrix"\ncolumns = [1]\n[operator]\ncode = "{HASHED}"', "no keypad"),
        (
            f'[keypad]\nkind = "matrix"\nrows = [17, 6, 13, 19]\n[operator]\ncode = "{HASHED}"',
            "amber",
        ),
        ("[keypad]\nrows = [99]", "0 to 27"),
        ('[operator]\ncode = "482915"', "not the hash of a code"),
        ('[printer]\nkind = "usb"', "printer.address is missing"),
        ('[printer]\nkind = "laser"', "known: none, usb"),
        ('[printer]\npaper = "a4"', '"80mm", "58mm"'),
    ],
)
def test_a_slip_in_keypad_or_printer_is_told(tmp_path: Path, section: str, problem: str) -> None:
    write_files(tmp_path)
    config, findings = check_config(write(tmp_path, f"{GOOD}{section}\n"))
    assert config is None
    (finding,) = findings
    assert problem in f"{finding.where.rpartition(' ')[2]} {finding.problem} {finding.mend}"


def test_a_gate_with_keypad_and_printer_passes(tmp_path: Path) -> None:
    write_files(tmp_path)
    text = f"""{GOOD}[keypad]
kind = "matrix"
[operator]
code = "{HASHED}"
[printer]
kind = "network"
address = "192.0.2.7"
paper = "58mm"
"""
    config, findings = check_config(write(tmp_path, text))
    assert findings == () and config is not None
    assert config.keypad.device == KeypadSettings()
    assert config.printer.device == PrinterSettings("network", "192.0.2.7", Paper.MM58)
    assert config.rules.ask_code
    assert load_config(EXAMPLE).keypad.device is None
