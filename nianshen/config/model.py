"""The shape of ``config.yaml`` (CONTRACT section 5). Frozen; secrets never print themselves."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import asdict
from datetime import date
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from audit.rules.registry import OFF_BY_DEFAULT
from nianshen import calendar as dates
from nianshen.config.expand import SECRET_KEYS
from notifiers.limits import DEFAULT_PER_MINUTE, PER_MINUTE

MASK = "***"
_SPAN = r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$"
_KEY_BYTES = range(24, 65)
_MAILBOX = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$"
_CRON_WEEKDAY = re.compile(r"\*|\*/\d+|(?:mon|tue|wed|thu|fri|sat|sun)(?:[-,](?:mon|tue|wed|thu|fri|sat|sun))*", re.I)


def _problem(code: str, zh: str, en: str) -> PydanticCustomError:
    return PydanticCustomError(code, "{said}", {"said": f"{zh} / {en}"})


def _http_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid or re.search(r"[\s\x00-\x1f]", text):
        raise _problem("CFG042", "须为 http(s) 地址", "not an http(s) address")
    if parts.username or parts.password:
        raise _problem("CFG042", "地址不得含用户名或密码", "an address must not carry a user name or password")
    return text


def _cidr(text: str) -> str:
    try:
        ip_network(text)
    except ValueError:
        raise _problem("CFG041", f"{text} 不是 CIDR 网段", f"{text} is no CIDR range, e.g. 10.0.0.0/8") from None
    return text


def _zone(name: str) -> str:
    try:
        dates.zone(name)
    except (KeyError, ValueError, OSError):
        raise _problem("CFG046", f"没有时区 {name}", f"no time zone {name}; e.g. Asia/Shanghai") from None
    return name


def _cron(text: str) -> str:
    # The timer counts weekdays from Monday = 0, cron from Sunday = 0: names cannot be misread.
    fields = text.split()
    if len(fields) == 5 and not _CRON_WEEKDAY.fullmatch(fields[4]):
        raise _problem("CFG040", "cron 的星期请用 mon…sun", "write the weekday of a cron as mon…sun")
    from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415 - 50 ms, only where a cron stands

    try:
        CronTrigger.from_crontab(text)
    except ValueError:
        raise _problem("CFG040", f"cron 表达式有误：{text}", f'bad cron {text!r}; e.g. "0 6,18 * * *"') from None
    return text


def _cms(name: str) -> str:
    from crawler.cms import SYSTEMS  # noqa: PLC0415 - brings the HTML parser along

    known = ("auto", *SYSTEMS)
    if name not in known:
        raise _problem("CFG013", f"未知的发布系统 {name}", f"unknown cms {name}; known: {', '.join(known)}")
    return name


def _signing_secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    try:
        size = len(base64.b64decode(text.removeprefix("whsec_"), validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if not text.startswith("whsec_") or size not in _KEY_BYTES:
        raise _problem("CFG033", "密钥须为 whsec_ 加 24-64 字节的 base64", "not whsec_ and base64 of 24-64 bytes")
    return secret


def _secret_url(url: SecretStr) -> SecretStr:
    _http_url(url.get_secret_value())
    return url


def _mail_server(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    _http_url(re.sub("^smtps?://", "https://", text) if text.startswith("smtp") else "")
    return url


def _apprise_url(url: SecretStr) -> SecretStr:
    from importlib.util import find_spec  # noqa: PLC0415 - only where such a channel stands

    if find_spec("apprise") is None:
        raise _problem("CFG047", "apprise 未安装", "apprise is not installed: pip install nianshen[apprise]")
    return url


def _https_unless_private(url: SecretStr | None, allowed: tuple[str, ...]) -> None:
    parts = urlsplit(url.get_secret_value() if url else "")
    if parts.scheme == "http" and not _may_be_private(parts.hostname or "", allowed):
        raise _problem(
            "CFG043",
            "地址须为 https，除非主机在 allow_private_addresses 内",
            "an address must be https unless its host is within allow_private_addresses",
        )


def _listen(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise _problem("CFG042", "须为 地址:端口", "must be host:port, e.g. 127.0.0.1:8000")
    return text


def _beside_the_file(path: Path, info: ValidationInfo) -> Path:
    return _base(info) / path.expanduser()


def _database(text: SecretStr, info: ValidationInfo) -> SecretStr:
    """An address of SQLAlchemy; a bare path is SQLite beside the configuration."""
    value = text.get_secret_value()
    if "://" not in value:
        return SecretStr(f"sqlite:///{_base(info) / value}")
    scheme, _, rest = value.partition("://")
    if scheme.partition("+")[0] not in {"sqlite", "postgresql"}:
        raise _problem("CFG042", "数据库须为文件路径或 postgresql+psycopg://", "a file path or postgresql+psycopg://…")
    if scheme.startswith("sqlite") and rest.startswith("/") and not rest.startswith("//"):
        return SecretStr(f"{scheme}:///{_base(info) / rest[1:]}")
    return text


def _base(info: ValidationInfo) -> Path:
    return Path((info.context or {}).get("directory", Path.cwd()))


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Url = Annotated[str, AfterValidator(_http_url)]
Cidr = Annotated[str, AfterValidator(_cidr)]
Id = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-]*$")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Kind = Literal["department", "government", "township", "zone", "party", "authorised"]
Level = Literal["error", "warning", "note"]
Year = Annotated[int, Field(ge=dates.FIRST_YEAR, le=2100)]
Words = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]


class Section(BaseModel):
    """A part of the file: frozen, and loud about keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Site(Section):
    name: Name = "政务公开年报监测"
    language: Literal["zh", "en"] = "zh"
    timezone: Annotated[str, AfterValidator(_zone)] = dates.CHINA
    base_url: Url = "http://127.0.0.1:8000"


class Evidence(Section):
    directory: Annotated[Path, AfterValidator(_beside_the_file)] = Field(
        default=Path("data/evidence"), validate_default=True
    )
    keep_years: int = Field(default=10, ge=1, le=100)


class Backup(Section):
    """Where the job ``backup`` puts its copies of a SQLite database, and how many stay."""

    directory: Annotated[Path, AfterValidator(_beside_the_file)] = Field(
        default=Path("data/backup"), validate_default=True
    )
    keep: int = Field(default=14, ge=1, le=3660)


class Storage(Section):
    database: Annotated[SecretStr, AfterValidator(_database)] = Field(
        SecretStr("data/nianshen.sqlite3"), validate_default=True
    )
    evidence: Evidence = Field(default_factory=dict, validate_default=True)
    backup: Backup = Field(default_factory=dict, validate_default=True)


class Deadline(Section):
    kinds: tuple[Kind, ...] = Field(min_length=1)
    month: int = Field(ge=1, le=12)
    day: int = Field(ge=1, le=31)
    basis: Name

    @model_validator(mode="after")
    def _exists(self) -> Deadline:
        try:
            date(2023, self.month, self.day)  # not a leap year: the day must exist in every year
        except ValueError:
            raise _problem("CFG012", "没有这一天", f"no day {self.month}-{self.day} in every year") from None
        return self


class Override(Section):
    year: Year
    kinds: tuple[Kind, ...] = ()
    region: str | None = None
    date: dates.Day
    basis: Name


class AbsenceProof(Section):
    runs: int = Field(default=2, ge=2, le=10)
    min_gap_hours: float = Field(default=6, ge=6, le=168)


class CalendarSection(Section):
    deadlines: tuple[Deadline, ...] = tuple(Deadline.model_validate(asdict(one)) for one in dates.DEADLINES)
    overrides: tuple[Override, ...] = ()
    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()
    absence_proof: AbsenceProof = AbsenceProof()


class Expect(Section):
    min_reports: int = Field(default=1, ge=0)


class Politeness(Section):
    delay: float = Field(default=2.0, ge=0, le=3600)
    concurrency: int = Field(default=1, ge=1, le=16)
    robots: Literal["obey", "ignore"] = "obey"
    window: Annotated[str, Field(pattern=_SPAN)] | None = None


class Portal(Section):
    id: Id
    name: Name
    group: str = ""
    start_urls: tuple[Url, ...] = Field(min_length=1)
    cms: Annotated[str, AfterValidator(_cms)] = "auto"
    expect: Expect = Expect()
    politeness: Politeness = Politeness()
    allow_private_addresses: tuple[Cidr, ...] = ()
    certificates: Literal["verify", "ignore"] = "verify"

    @model_validator(mode="before")
    @classmethod
    def _group_by_host(cls, data: Any) -> Any:
        """Without a group the host of the first address is the politeness unit."""
        if isinstance(data, dict) and not data.get("group"):
            urls = data.get("start_urls")
            first = urls[0] if isinstance(urls, list) and urls and isinstance(urls[0], str) else ""
            try:
                return data | {"group": urlsplit(first).netloc.lower()}
            except ValueError:
                return data
        return data


class Organisation(Section):
    id: Id
    name: Name
    aliases: tuple[Name, ...] = ()
    kind: Kind = "department"
    region: str = ""
    portal: str
    parent: str | None = None


class Waiver(Section):
    organisation: str
    rule: str
    year: Year | None = None
    until: date | None = None
    reason: Name
    approved_by: Name


class Rules(Section):
    severity: dict[str, Level] = {}
    disable: tuple[str, ...] = OFF_BY_DEFAULT
    confirm: tuple[Level, ...] = ()
    waivers: tuple[Waiver, ...] = ()


class Channel(Section):
    """What all channels have."""

    type: str
    url: Annotated[SecretStr, AfterValidator(_secret_url)]
    allow_private_addresses: tuple[Cidr, ...] = ()
    ca_file: Annotated[Path, AfterValidator(_beside_the_file)] | None = None
    per_minute: int | None = Field(default=None, ge=1, le=6000)
    fallback: str | None = Field(default=None, description="the channel that hears of messages this one could not send")

    @property
    def most_per_minute(self) -> int:
        """The most messages in any 60 seconds: as configured, or what the service takes."""
        return self.per_minute or PER_MINUTE.get(self.type, DEFAULT_PER_MINUTE)

    @model_validator(mode="after")
    def _private_or_https(self) -> Self:
        _https_unless_private(self.url, self.allow_private_addresses)
        return self


class WordedChannel(Channel):
    """Channels for people. ``language`` None is the site's; ``templates`` is a folder with wording of one's own."""

    language: Literal["zh", "en"] | None = None
    templates: Annotated[Path, AfterValidator(_beside_the_file)] | None = None
    storm: int | None = Field(default=30, ge=10, le=10_000, description="more alerts than these are summed up")


class WebhookChannel(Channel):
    type: Literal["webhook"]
    scheme: Literal["standard", "github"] = "standard"
    secret: Annotated[
        tuple[SecretStr, ...],
        BeforeValidator(_one_or_many),
        Field(min_length=1, description="the current secret first, then those being rotated out"),
    ]

    @field_validator("secret")
    @classmethod
    def _signs(cls, secrets: tuple[SecretStr, ...], info: ValidationInfo) -> tuple[SecretStr, ...]:
        if info.data.get("scheme") != "github":
            for secret in secrets:
                _signing_secret(secret)
        return secrets


class RobotChannel(WordedChannel):
    """A chat robot: the address is the token. ``keyword`` is a word the robot insists on."""

    type: Literal["feishu", "dingtalk", "wecom", "slack", "teams"]
    secret: SecretStr | None = None
    keyword: Annotated[str, Field(min_length=1, max_length=50)] | None = None

    @model_validator(mode="after")
    def _signing(self) -> Self:
        if self.secret is not None and self.type not in {"feishu", "dingtalk"}:
            raise _problem("CFG010", f"{self.type} 没有 secret，密钥在地址里", "no secret: the address holds the key")
        return self


class MailChannel(WordedChannel):
    type: Literal["email"]
    url: Annotated[SecretStr, AfterValidator(_mail_server)]
    username: Annotated[str, Field(min_length=1)] | None = None
    password: SecretStr | None = Field(default=None, validate_default=True)
    sender: Annotated[str, Field(alias="from", pattern=_MAILBOX)]
    to: Annotated[
        tuple[Annotated[str, Field(pattern=_MAILBOX)], ...], BeforeValidator(_one_or_many), Field(min_length=1)
    ]

    @field_validator("password")
    @classmethod
    def _login(cls, password: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if (info.data.get("username") is None) != (password is None):
            raise _problem("CFG011", "username 和 password 须同时给出", "username and password go together")
        return password


class AppriseChannel(WordedChannel):
    """Any other service, in the address form of the apprise library (extra ``apprise``)."""

    type: Literal["apprise"]
    url: Annotated[SecretStr, AfterValidator(_apprise_url)]


class Match(Section):
    severity: Annotated[tuple[Level, ...], BeforeValidator(_one_or_many)] = ()
    region: Words = ()
    organisation: Words = ()
    rule: Words = ()
    kind: Annotated[tuple[Kind, ...], BeforeValidator(_one_or_many)] = ()
    portal: Words = ()


class Route(Section):
    match: Match = Match()
    to: Annotated[tuple[str, ...], BeforeValidator(_one_or_many), Field(min_length=1)]
    group_by: Literal["channel", "region", "portal", "organisation"] = "channel"


class Escalation(Section):
    """From the ``after``-th working day after the due date on, overdue reminders go to these channels too."""

    after: int = Field(ge=1, le=250)
    to: Annotated[tuple[str, ...], BeforeValidator(_one_or_many), Field(min_length=1)]


Days = tuple[Annotated[int, Field(ge=1, le=250)], ...]


class Policy(Section):
    """When people are told. ``reminders`` and ``overdue`` count working days before and after the due date."""

    quiet: Annotated[str, Field(pattern=_SPAN)] | None = None
    rest_days: Literal["send", "hold"] = "send"
    reminders: Days = (10, 3, 1)
    overdue: Days = (1, 3, 7)
    escalate: tuple[Escalation, ...] = ()
    repeat: int | None = Field(
        default=7, ge=1, le=366, description="days until an unchanged open finding is told again"
    )
    repeat_portal: int | None = Field(
        default=1, ge=1, le=366, description="the same for a portal that stays unreadable"
    )


class Job(Section):
    id: Id
    run: Literal["cycle", "reminders", "weekly", "selftest", "backup"] = "cycle"
    cron: Annotated[str, AfterValidator(_cron)]
    jitter: int = Field(default=0, ge=0, le=3600, description="starts are put off by up to so many seconds")


SEASON = (
    ("departments", "10 3 2-20 1 *", 1800),
    ("departments-near", "10 */6 21-30 1 *", 900),
    ("departments-last-day", "10 * 31 1 *", 300),
    ("departments-before-midnight", "45 23 31 1 *", 0),
    ("departments-freeze", "20 0 1 2 *", 0),
    ("departments-late", "40 6,18 1-10 2 *", 900),
    ("departments-very-late", "40 6 11-29 2 *", 1800),
    ("governments", "10 3 1-24 3 *", 1800),
    ("governments-near", "10 */6 25-30 3 *", 900),
    ("governments-last-day", "10 * 31 3 *", 300),
    ("governments-freeze", "20 0 1 4 *", 0),
    ("governments-late", "40 6,18 1-10 4 *", 900),
    ("off-season", "10 3 * 4-12 mon", 1800),
)
"""The year of whoever has no other plan: daily, then six-hourly, then hourly up to each legal date; a freeze just after
it and readings six hours and more apart from that one, which prove absence; weekly once the season is over."""


class Schedule(Section):
    jobs: tuple[Job, ...] = (
        *(Job.model_construct(id=name, cron=cron, jitter=jitter) for name, cron, jitter in SEASON),
        Job.model_construct(id="reminders", run="reminders", cron="30 8 * * *"),
        Job.model_construct(id="weekly", run="weekly", cron="0 9 * * mon"),
        Job.model_construct(id="selftest", run="selftest", cron="0 6 * * *"),
        Job.model_construct(id="backup", run="backup", cron="40 4 * * *"),
    )


def _loopback(text: str) -> str:
    host = _listen(text).rpartition(":")[0]
    if host != "localhost" and not (re.fullmatch(r"[\d.]+", host) and ip_address(host).is_loopback):
        raise _problem(
            "CFG042", "须为本机地址，如 127.0.0.1:9464", "must be an address of this machine: 127.0.0.1:9464"
        )
    return text


class Acknowledge(Section):
    """Links by which the readers of a message acknowledge its alerts, answered under ``/ack/`` of ``listen``.

    ``url`` is how they reach it from where they are: a reverse proxy that hands ``/ack/`` on.
    """

    url: Url
    secret: Annotated[
        tuple[SecretStr, ...],
        BeforeValidator(_one_or_many),
        Field(min_length=1, description="the current secret first, then those being rotated out"),
    ]
    days: int = Field(default=7, ge=1, le=30, description="for so many days a link is good")

    @field_validator("url")
    @classmethod
    def _base(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.query or parts.fragment or len(url) > 300:
            raise _problem("CFG042", "须为不带参数的地址", "must be an address without parameters")
        return url.rstrip("/")

    @field_validator("secret")
    @classmethod
    def _signs(cls, secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for secret in secrets:
            _signing_secret(secret)
        return secrets


class Observe(Section):
    """Where ``watch`` answers ``/healthz``, ``/readyz`` and ``/metrics``, and whom it pings; null: nowhere."""

    listen: Annotated[str, AfterValidator(_loopback)] | None = None
    ping: Annotated[SecretStr, AfterValidator(_secret_url)] | None = None
    acknowledge: Acknowledge | None = None
    allow_private_addresses: tuple[Cidr, ...] = ()

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        _https_unless_private(self.ping, self.allow_private_addresses)
        if self.acknowledge is not None:
            _https_unless_private(SecretStr(self.acknowledge.url), self.allow_private_addresses)
        return self

    @model_validator(mode="after")
    def _answered(self) -> Self:
        if self.acknowledge is not None and self.listen is None:
            raise _problem("CFG011", "acknowledge 需要 listen", "acknowledge needs listen: nobody would answer")
        return self


class Web(Section):
    listen: Annotated[str, AfterValidator(_listen)] = "127.0.0.1:8000"
    public: bool = False


class Config(Section):
    """The whole of ``config.yaml``, references expanded and paths absolute."""

    version: Literal[1] = 1
    site: Site = Site()
    storage: Storage = Field(default_factory=dict, validate_default=True)
    calendar: CalendarSection = CalendarSection()
    portals: tuple[Portal, ...] = ()
    organisations: tuple[Organisation, ...] = ()
    rules: Rules = Rules()
    channels: dict[
        Id,
        Annotated[
            WebhookChannel | RobotChannel | MailChannel | AppriseChannel,
            Field(discriminator="type"),
        ],
    ] = {}
    routes: tuple[Route, ...] = ()
    policy: Policy = Policy()
    schedule: Schedule = Schedule()
    observe: Observe = Observe()
    web: Web = Web()

    @property
    def database_url(self) -> str:
        """The address for SQLAlchemy. It may hold a password: not for messages."""
        return self.storage.database.get_secret_value()

    @property
    def on_postgresql(self) -> bool:
        """Whether a server keeps the database: its backups are the server's operator's."""
        return self.database_url.startswith("postgres")

    @property
    def jobs(self) -> tuple[Job, ...]:
        """What runs on schedule; the shipped backup only where there is a file to copy."""
        return tuple(one for one in self.schedule.jobs if one.run != "backup" or not self.on_postgresql)

    @property
    def due_dates(self) -> dates.Calendar:
        """The calendar by which reports are due."""
        section = self.calendar
        return dates.Calendar(
            deadlines=tuple(dates.Deadline(one.kinds, one.month, one.day, one.basis) for one in section.deadlines),
            overrides=tuple(
                dates.Override(one.year, one.date, one.basis, one.kinds, one.region) for one in section.overrides
            ),
            holidays=frozenset(section.holidays),
            workdays=frozenset(section.workdays),
            timezone=self.site.timezone,
        )

    def portal(self, portal_id: str) -> Portal:
        """The portal of this id. Raises ``KeyError``."""
        for one in self.portals:
            if one.id == portal_id:
                return one
        raise KeyError(portal_id)

    def redacted(self) -> dict[str, Any]:
        """The configuration as JSON values for people: secrets masked, addresses of receivers cut to their host."""
        shown = self.model_dump(mode="json", by_alias=True)
        shown["storage"]["database"] = _without_password(self.database_url)
        for name, channel in self.channels.items():
            parts = urlsplit(channel.url.get_secret_value())
            host = MASK if channel.type == "apprise" else parts.hostname  # there the token may stand for the host
            entry = shown["channels"][name]
            entry["url"] = f"{parts.scheme}://{host}/{MASK}"
            for key in SECRET_KEYS & entry.keys():
                entry[key] = [MASK for _ in entry[key]] if isinstance(entry[key], list) else entry[key] and MASK
        return shown


def _may_be_private(host: str, allowed: tuple[str, ...]) -> bool:
    """Whether plain http may be right: an address in the ranges, or a name (judged again when it is resolved)."""
    try:
        address = ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return bool(allowed)
    return any(address in ip_network(one) for one in allowed)


def _without_password(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return MASK
    if "@" not in parts.netloc:
        return url if not parts.query else urlunsplit(parts._replace(query=MASK))
    user = (parts.username or "") + (f":{MASK}" if parts.password else "")
    netloc = f"{user}@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=netloc, query=MASK if parts.query else ""))
