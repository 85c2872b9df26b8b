"""Every mistake is found at once, at its line and column; secrets never show."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.engine import catalogue
from nianshen.config import Config, ConfigError, load, schema
from nianshen.config.references import RULES

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"
ENV = {"OPS_WEBHOOK": "https://hook.example.org/abc/token", "OPS_SECRET": SECRET}
ROOT = Path(__file__).parents[2]
PORTALS = 'portals:\n  - {id: gov, name: 市政府, start_urls: ["https://www.example.gov.cn/nb/"]}\n'
VALID = PORTALS + (
    "organisations:\n"
    "  - {id: edu, name: 教育局, portal: gov}\n"
    "channels:\n"
    '  ops: {type: webhook, url: "${OPS_WEBHOOK}", secret: "${OPS_SECRET}"}\n'
    "routes:\n"
    "  - {match: {severity: [error]}, to: [ops]}\n"
)


def read(folder: Path, text: str | bytes, env: Mapping[str, str] = ENV) -> Config:
    path = folder / "config.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path, env)


def problems(folder: Path, text: str | bytes, env: Mapping[str, str] = ENV) -> list[tuple[int, int, str]]:
    with pytest.raises(ConfigError) as caught:
        read(folder, text, env)
    assert caught.value.code == 2
    return [(one.line, one.column, one.code) for one in caught.value.problems]


def test_minimal_config_takes_sensible_defaults(tmp_path: Path) -> None:
    config = read(tmp_path, PORTALS)

    assert config.portals[0].group == "www.example.gov.cn"
    assert config.database_url == f"sqlite:///{tmp_path}/data/nianshen.sqlite3"
    assert config.storage.evidence.directory == tmp_path / "data/evidence"
    assert config.schedule.jobs[0].cron == "10 3 2-20 1 *"
    assert config.portals[0].politeness.delay == 2.0


def test_shipped_config_is_accepted_without_any_variable() -> None:
    assert load(ROOT / "config.yaml", {}).organisations[0].id == "edu"


def test_secrets_never_show(tmp_path: Path) -> None:
    config = read(tmp_path, VALID + 'storage: {database: "${DB}"}\n', {**ENV, "DB": "postgresql+psycopg://u:pw9@h/d"})

    shown = repr(config) + str(config) + json.dumps(config.redacted())

    assert config.channels["ops"].secret[0].get_secret_value() == SECRET
    for hidden in (SECRET, SECRET.removeprefix("whsec_"), "token", "pw9"):
        assert hidden not in shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1, 2\nb: 3\n", (2, 2, "CFG004")),
        ("site:\n\tname: x\n", (2, 1, "CFG004")),
        ("site: {name: !x y}\n", (1, 14, "CFG004")),
        ("site: {name: a\x07b}\n", (1, 15, "CFG004")),
        ("- 1\n", (1, 1, "CFG012")),
        ("site: {name: a}\nweb: {}\nsite: {}\n", (3, 1, "CFG005")),
        (b"site: {name: a}\nweb: \xd6\xd0\n", (2, 6, "CFG002")),
        ("sitee: {}\n", (1, 1, "CFG010")),
        ("site:\n  naem: x\n", (2, 3, "CFG010")),
        ("storage:\n  evidence: {keep: 1}\n", (2, 14, "CFG010")),
        ("portals:\n  - {id: gov, name: x}\n", (2, 5, "CFG011")),
        ("web: {public: perhaps}\n", (1, 15, "CFG012")),
        ("storage: {evidence: {keep_years: soon}}\n", (1, 34, "CFG012")),
        ("site: {language: fr}\n", (1, 18, "CFG013")),
        (PORTALS.replace("id: gov", "id: gov, cms: trsx"), (2, 20, "CFG013")),
        (PORTALS + PORTALS.split("\n")[1] + "\n", (3, 10, "CFG020")),
        (PORTALS + "organisations:\n  - {id: a, name: b, portal: gvo}\n", (4, 30, "CFG021")),
        (PORTALS + "organisations:\n  - {id: a, name: b, portal: gov, parent: c}\n", (4, 43, "CFG021")),
        (PORTALS + "organisations:\n  - {id: a, name: b, portal: gov, parent: a}\n", (4, 43, "CFG021")),
        ("routes:\n  - {to: [ops]}\n", (2, 11, "CFG021")),
        ("rules:\n  waivers:\n    - {organisation: x, rule: F002, reason: r, approved_by: z}\n", (3, 22, "CFG021")),
        ("rules: {disable: [F0002]}\n", (1, 19, "CFG044")),
        ("rules: {severity: {F099: note}}\n", (1, 20, "CFG044")),
        ('site: {name: "${NOWHERE}"}\n', (1, 14, "CFG030")),
        ('site: {name: "${file:nowhere}"}\n', (1, 14, "CFG031")),
        ('site: {name: "${1}"}\n', (1, 14, "CFG034")),
        (VALID.replace("${OPS_SECRET}", SECRET), (6, 55, "CFG032")),
        (VALID.replace("${OPS_SECRET}", "${X:-" + SECRET + "}"), (6, 55, "CFG032")),
        ("storage: {database: 'postgresql+psycopg://u:pw@h/d'}\n", (1, 21, "CFG032")),
        (VALID.replace("${OPS_SECRET}", "${OPS_WEBHOOK}"), (6, 55, "CFG033")),
        ('schedule: {jobs: [{id: a, cron: "61 * * * *"}]}\n', (1, 33, "CFG040")),
        ('schedule: {jobs: [{id: a, cron: "0 9 * * 1"}]}\n', (1, 33, "CFG040")),
        (PORTALS.replace("id: gov", "id: gov, allow_private_addresses: [10.0.0.1/8]"), (2, 41, "CFG041")),
        (PORTALS.replace("https://www.example.gov.cn/nb/", "www.example.gov.cn"), (2, 39, "CFG042")),
        (VALID.replace("${OPS_WEBHOOK}", "http://8.8.8.8/"), (6, 8, "CFG043")),
        ("site: {timezone: Asia/Peking}\n", (1, 18, "CFG046")),
        (
            "calendar:\n  overrides:\n    - {year: 2025, kinds: [department], date: 2026-02-01, basis: x}\n",
            (3, 47, "CFG045"),
        ),
    ],
)
def test_each_mistake_has_its_code_line_and_column(
    tmp_path: Path, text: str | bytes, expected: tuple[int, int, str]
) -> None:
    assert problems(tmp_path, text) == [expected]


def test_all_mistakes_come_at_once_with_the_nearest_word(tmp_path: Path) -> None:
    text = VALID.replace("portal: gov", "portal: gob").replace("[error]", "[eror]") + "ruels: {}\n"

    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text, {})

    assert [one.code for one in caught.value.problems] == ["CFG021", "CFG030", "CFG030", "CFG013", "CFG010"]
    assert "config.yaml:4:34: CFG021" in str(caught.value)
    assert "did you mean 'gov'?" in str(caught.value)
    assert "did you mean 'rules'?" in str(caught.value)


def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.yaml:1:1: CFG001"):
        load(tmp_path / "absent.yaml", {})
    with pytest.raises(ConfigError, match="CFG001"):
        load(tmp_path, {})


def test_huge_file_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, b"#" * (8 * 1024 * 1024 + 1)) == [(1, 1, "CFG003")]


def test_alias_bomb_and_endless_nesting_are_refused(tmp_path: Path) -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

    assert [code for *_, code in problems(tmp_path, "\n".join(levels))] == ["CFG003"]
    assert [code for *_, code in problems(tmp_path, "a: &a [*a]")] == ["CFG003"]
    assert [code for *_, code in problems(tmp_path, "a: " + "[" * 3000)] == ["CFG003"]


def test_references_expand_in_values_only(tmp_path: Path) -> None:
    (tmp_path / "name.txt").write_text("某市\n", encoding="utf-8")

    config = read(tmp_path, 'site: {name: "${file:name.txt}${A:-甲}${B:-乙}$${C}"}\n', {"B": "丙"})

    assert config.site.name == "某市甲丙${C}"


def test_plain_http_is_fine_inside_the_allowed_ranges(tmp_path: Path) -> None:
    text = VALID.replace('secret: "', 'allow_private_addresses: [127.0.0.0/8], secret: "')

    config = read(tmp_path, text, {**ENV, "OPS_WEBHOOK": "http://127.0.0.1:9000/"})

    assert config.redacted()["channels"]["ops"]["url"] == "http://127.0.0.1/***"


def test_organisations_come_from_a_csv_file(tmp_path: Path) -> None:
    table = "\ufeffid,name,aliases,kind,portal\r\nedu,教育局,市教育局;教体局,department,gov\r\n\r\n"
    (tmp_path / "units.csv").write_text(table, encoding="utf-8")

    config = read(tmp_path, PORTALS + "organisations: {file: units.csv}\n")

    assert config.organisations[0].aliases == ("市教育局", "教体局")


def test_mistakes_in_the_csv_file_stand_at_its_lines(tmp_path: Path) -> None:
    table = "id,name,kind,portal\na,甲,agency,gov\na,乙,department,gvo\n,丙,zone,gov\n"
    (tmp_path / "units.csv").write_text(table, encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        read(tmp_path, PORTALS + "organisations: {file: units.csv}\n")

    found = [(one.file, one.line, one.column, one.code) for one in caught.value.problems]
    assert found == [
        ("units.csv", 2, 3, "CFG013"),
        ("units.csv", 3, 1, "CFG020"),
        ("units.csv", 3, 4, "CFG021"),
        ("units.csv", 4, 1, "CFG011"),
    ]


def test_unknown_csv_column_is_reported(tmp_path: Path) -> None:
    (tmp_path / "units.csv").write_text("id,nmae,portal\n", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"units\.csv:1:2: CFG010 .*'name'"):
        read(tmp_path, "organisations: {file: units.csv}\n")


SECTIONS = (
    "{}: 1\n",
    "site:\n  {}: 1\n",
    "storage:\n  evidence:\n    {}: 1\n",
    "calendar:\n  absence_proof:\n    {}: 1\n",
    PORTALS.replace("{", "{{").replace("}", ", {}: 1}}"),
    PORTALS.replace("{", "{{").replace("}", ", politeness: {{{}: 1}}}}"),
    "routes:\n  - to: []\n    match:\n      {}: 1\n",
    "schedule:\n  jobs:\n    - {}: 1\n",
    "web:\n  {}: 1\n",
)


@given(section=st.sampled_from(SECTIONS), key=st.from_regex(r"zz[a-z]{1,12}", fullmatch=True))
def test_unknown_key_at_any_level_is_reported(tmp_path_factory: pytest.TempPathFactory, section: str, key: str) -> None:
    text = section.format(key)
    line = next(number for number, one in enumerate(text.split("\n"), 1) if key in one)
    column = text.split("\n")[line - 1].index(key) + 1

    assert (line, column, "CFG010") in problems(tmp_path_factory.mktemp("config"), text)


def test_every_rule_of_the_engine_may_be_named() -> None:
    assert set(catalogue()) <= RULES | {"A000"}


def test_shipped_schema_is_current() -> None:
    shipped = json.loads((ROOT / "nianshen/schemas/config.json").read_text(encoding="utf-8"))

    assert shipped == schema()
