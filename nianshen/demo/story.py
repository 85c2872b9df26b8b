"""The demonstration: three real runs on two sample portals, over two simulated days."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nianshen import config as settings
from nianshen.calendar import CHINA, zone
from nianshen.config import Config
from nianshen.cycle import CycleResult
from nianshen.cycle import run as run_cycle
from nianshen.demo import site
from nianshen.demo.portal import SamplePortal
from nianshen.demo.receiver import Receiver
from nianshen.errors import UsageError
from notifiers.secret import Secret

YEAR = site.YEARS[-1]


@dataclass(frozen=True, slots=True)
class Act:
    """One run of the demonstration: when it happens, what is told of it, and what the portals do that day."""

    zh: str
    en: str
    at: tuple[int, int, int, int]
    day: int = 1
    county_down: bool = False

    @property
    def now(self) -> datetime:
        return datetime(*self.at, tzinfo=zone(CHINA))


ACTS = (
    Act("第一天早晨：首次采集", "day 1, morning: first run", (2026, 2, 4, 8)),
    Act("第一天晚上：再次核对未发现的年报", "day 1, evening: look again for what was not found", (2026, 2, 4, 20)),
    Act(
        "第二天：一份更正，一份补发，一个门户停机",
        "day 2: one report fixed, one published late, one portal down",
        (2026, 2, 5, 8),
        day=2,
        county_down=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """The running servers and the configuration that watches them."""

    config_path: Path
    config: Config
    city: SamplePortal
    county: SamplePortal
    receiver: Receiver


@contextmanager
def stage(folder: Path, port: int = 0) -> Iterator[Stage]:
    """Start portals and receiver and write the configuration into ``folder``; all servers end with the block.

    ``port`` and the two after it are used; 0 takes free ones. Raises UsageError if an address is taken.
    """
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    with ExitStack() as servers:
        try:
            city = SamplePortal(site.city, port=port)
            servers.enter_context(city)
            county = _on_second_host(port + 1 if port else 0)
            servers.enter_context(county)
            receiver = Receiver(Secret(secret), lambda: datetime.now(UTC), port=port + 2 if port else 0)
            servers.enter_context(receiver)
        except (OSError, OverflowError) as error:
            raise UsageError(
                f"无法监听端口：{error}", f"cannot listen: {error}", next_step=("换一个 --port", "try another --port")
            ) from error
        path = _write(folder, city.url, county.url, receiver.url, secret)
        yield Stage(path, settings.load(path, {}), city, county, receiver)


def play(act: Act, on: Stage, progress: Callable[[Mapping[str, Any]], None]) -> CycleResult:
    """Set the scene of an act and run the same cycle that ``nianshen run`` runs."""
    on.city.day = on.county.day = act.day
    on.county.down = act.county_down
    return run_cycle(on.config, year=YEAR, now=act.now, progress=progress)


def _on_second_host(port: int) -> SamplePortal:
    """The county's own address where the system answers on all of 127.0.0.0/8, else another port of the first."""
    try:
        return SamplePortal(site.county, "127.0.0.2", port)
    except OSError:
        return SamplePortal(site.county, "127.0.0.1", port)


def _write(folder: Path, city: str, county: str, hook: str, secret: str) -> Path:
    """``config.yaml`` beside the secret it refers to: a literal secret is an error."""
    key = folder / "webhook.secret"
    key.touch(mode=0o600)
    key.write_text(secret + "\n", encoding="utf-8")
    organisations = "\n".join(
        f"  - {{id: {body.id}, name: {body.name}, kind: {body.kind}, region: {body.region}, portal: {body.portal}}}"
        for body in site.BODIES
    )
    path = folder / "config.yaml"
    text = _CONFIG.format(city=city, county=county, hook=hook, organisations=organisations)
    path.write_text(text, encoding="utf-8")
    return path


_CONFIG = """\
# 演示用配置：两个示例门户都在本机。 / Settings of the demonstration: both sample portals run on this machine.
version: 1
site: {{name: 示例市政务公开年报监测, timezone: Asia/Shanghai}}
storage:
  database: data/nianshen.sqlite3
  evidence: {{directory: data/evidence}}
portals:
  - id: city
    name: 示例市人民政府
    start_urls: ["{city}/zwgk/zfxxgknb/"]
    politeness: {{delay: 0}}    # 只因在本机；真实门户保留默认的 2 秒 / on loopback only: keep the 2 s for real ones
    allow_private_addresses: [127.0.0.0/8]
  - id: county
    name: 样例县人民政府
    start_urls: ["{county}/gk/list.html"]
    politeness: {{delay: 0}}
    allow_private_addresses: [127.0.0.0/8]
organisations:
{organisations}
channels:
  office: {{type: webhook, url: "{hook}", secret: "${{file:webhook.secret}}", allow_private_addresses: [127.0.0.0/8]}}
routes:
  - {{match: {{severity: [error, warning]}}, to: [office]}}
"""
