"""What ``deploy/`` holds works as written: the steps of the container, its command, and the unit of systemd.

No container is built here. The test takes the files that the steps copy, and nothing else, and does with them what the
steps do.
"""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from nianshen.cli import call
from nianshen.errors import Exit
from tests.nianshen.test_watching import until

ROOT = Path(__file__).parents[1]
PACKAGES = ("audit", "crawler", "notifiers", "nianshen")
CONFIG = """\
version: 1
portals: [{id: city, name: 示例市, start_urls: ["http://127.0.0.1:1/nb/"]}]
organisations: [{id: edu, name: 示例市教育局, portal: city}]
schedule: {jobs: []}
"""


def steps() -> list[tuple[str, str]]:
    """The instructions of the Containerfile with their arguments, lines that go on joined."""
    text = (ROOT / "deploy/Containerfile").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", text)).splitlines()
    return [(word, " ".join(rest.split())) for word, _, rest in (line.partition(" ") for line in lines if line.strip())]


def value(name: str) -> str:
    """The last argument of an instruction."""
    return [rest for word, rest in steps() if word == name][-1]


def copied(rest: str) -> tuple[list[str], str]:
    *sources, target = rest.split()
    return sources, target


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the build as its COPY steps fill it."""
    folder = tmp_path_factory.mktemp("src")
    for word, rest in steps():
        if word != "COPY" or rest.startswith("--from"):
            continue
        sources, target = copied(rest)
        for source in sources:
            place = folder / target / (Path(source).name if target.endswith("/") else "")
            place.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, place)
    return folder


@pytest.fixture(scope="module")
def installed(context: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages as they are installed from it, without the project around them."""
    made, folder = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(made)]
    subprocess.run(build, cwd=context, check=True, capture_output=True)  # noqa: S603 - the builder of the project
    (wheel,) = made.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_every_step_takes_what_is_there_and_was_copied_before_it(context: Path) -> None:
    there: set[str] = set()
    for word, rest in steps():
        if word == "COPY" and not rest.startswith("--from"):
            sources, _ = copied(rest)
            assert [source for source in sources if not (ROOT / source).exists()] == []
            there.update(sources)
        elif word == "RUN":
            assert set(re.findall(r"-r (\S+)", rest)) <= there
    assert {"pyproject.toml", *PACKAGES} <= there
    assert all((context / name).exists() for name in there)


def test_what_is_installed_first_is_pinned_with_hashes() -> None:
    (install,) = [rest for word, rest in steps() if word == "RUN" and "--require-hashes" in rest]

    for name in re.findall(r"-r (\S+)", install):
        text = (ROOT / name).read_text(encoding="utf-8")
        wanted = [part for part in re.split(r"(?m)^(?=[a-z])", text) if re.match(r"[a-z]", part)]
        assert wanted
        assert [part for part in wanted if "==" not in part or "--hash=sha256:" not in part] == []


def test_the_package_holds_every_file_of_the_project_s_packages(installed: Path) -> None:
    files = (path for name in PACKAGES for path in (ROOT / name).rglob("*") if path.is_file())
    names = [str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts]

    assert len(names) > 100
    assert [name for name in names if not (installed / name).exists()] == []


def test_the_image_ends_as_a_user_whose_data_stays_in_the_volume() -> None:
    words = [word for word, _ in steps()]
    command = json.loads(value("ENTRYPOINT")) + json.loads(value("CMD"))

    assert words.index("USER") < words.index("ENTRYPOINT")
    assert value("USER") not in {"root", "0"}
    assert value("WORKDIR") == value("VOLUME")
    assert command[-2:] == ["--config", f"{value('VOLUME')}/config.yaml"]
    assert f"--home-dir {value('VOLUME')} " in next(rest for word, rest in steps() if rest.startswith("useradd"))


def test_the_command_of_the_image_runs_from_the_package_alone_and_keeps_to_its_folder(
    installed: Path, tmp_path: Path
) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    (volume / "config.yaml").write_text(CONFIG, encoding="utf-8")
    entry, *arguments = json.loads(value("ENTRYPOINT")) + json.loads(value("CMD"))
    arguments = [one.replace(value("VOLUME"), str(volume)) for one in arguments]
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(installed), "HOME": str(volume), "TMPDIR": str(tmp_path)}
    where = [sys.executable, "-c", f"import {entry}; print({entry}.__file__)"]
    found = subprocess.run(where, cwd=volume, env=environ, check=True, capture_output=True).stdout.decode()  # noqa: S603

    with subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", entry, *arguments], cwd=volume, env=environ, stderr=subprocess.PIPE
    ) as process:
        until((volume / "data/nianshen.sqlite3").exists)
        process.send_signal(getattr(signal, value("STOPSIGNAL")))
        _, said = process.communicate(timeout=60)

    assert found.startswith(str(installed))
    assert process.returncode == 0, said.decode()
    assert sorted(path.name for path in volume.iterdir()) == ["config.yaml", "data"]
    assert [path.name for path in tmp_path.iterdir()] == ["volume"]


def test_the_unit_starts_what_exists_with_a_configuration_beside_its_data(tmp_path: Path) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(ROOT / "deploy/nianshen.service", encoding="utf-8")
    service = unit["Service"]
    program, *arguments = service["ExecStart"].split()
    (tmp_path / "config.yaml").write_text("versoin: 1", encoding="utf-8")

    assert Path(program).name == "nianshen"
    assert arguments[-2:] == ["--config", f"/var/lib/{service['StateDirectory']}/config.yaml"]
    assert service["WorkingDirectory"] == f"/var/lib/{service['StateDirectory']}"
    assert (
        call([*arguments[:-1], str(tmp_path / "config.yaml")]) == Exit.USAGE == int(service["RestartPreventExitStatus"])
    )
    assert int(service["TimeoutStopSec"]) > 30
