"""What single values cannot tell: keys that contradict each other, and settings that are allowed but hardly meant."""

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from itertools import chain, combinations
from pathlib import Path
from typing import Any

from msgspec import structs

from exporter.config.baselines import check_diagnosis, diagnosis_warnings
from exporter.config.faults import Faults, join
from exporter.config.locations import is_glob, name_of
from exporter.config.scalars import duration_text, nearest, suggest
from exporter.config.services import options, own
from exporter.config.settings import DAY, CalendarSettings, Config, OriginSettings, Series, Source, WorkingHours
from exporter.config.strict import keys
from exporter.errors import ConfigError
from exporter.model import Stream
from exporter.policy import compile_rules, packaged
from exporter.providers import services
from exporter.providers.service import Service, Setup

FIVE_YEARS = 5 * 365 * DAY
VERDICTS_COUNTED = 21 * DAY
"""Of verdicts in a row no more than these three weeks are counted (sdlc_diagnosis_absorbed_verdicts)."""
SHORT_INTERVAL = 30
"""Seconds between polls below which nothing gets fresher: search is behind by more."""
LAG = 300
"""Seconds by which the data of the latest poll lies behind it (definitions 4)."""
CREDENTIALS = ("token_file", "token_env", "app")
SELECTION = ("provider", "url", "include", "exclude", "organisations", "users", "topics", "repository_prefix")
ONLY_DEMO = ("seed", "repositories")
ONLY_GIT = ("locations", "named", "branch")
ONLY_NOTES = ("notes", "team")
# what a pretend organisation has no use for: all that is about reaching and selecting
ONLY_GITHUB = (
    "url", *CREDENTIALS, "ca_file", "include", "exclude", "organisations", "users", "topics", "archived", "forks",
    "rediscover", "timeout", "retry_wait", "reserve", "poll",
)  # fmt: skip
WITH_A_TOKEN = ("token_file", "token_env", "ca_file")
OF_STREAMS = ("streams", "findings", "stream_interval")
NOT_ITS_OWN = {
    "github": (*ONLY_DEMO, *ONLY_GIT, *ONLY_NOTES, "of"),
    "demo": (*ONLY_GITHUB, *ONLY_GIT, *ONLY_NOTES, "of"),
    "notes": (*ONLY_DEMO, *ONLY_GITHUB, *ONLY_GIT, *OF_STREAMS, "production", "repository_prefix", "of"),
    "git": (
        "of",
        *ONLY_DEMO,
        *ONLY_NOTES,
        *(key for key in ONLY_GITHUB if key not in WITH_A_TOKEN),
        "streams",
        "findings",
        "stream_interval",
    ),
}
NOT_ITS_OWN |= {each.name: tuple(key for key in keys(Source) if key not in own(each)) for each in services().values()}
FLEETING = ("/tmp", "/dev/shm", "/run", "/var/run")  # noqa: S108 - named to warn of them


def check(config: Config, environ: Mapping[str, str], metrics: Collection[str] | None, faults: Faults) -> None:
    """Note every contradiction between what was read; what is known to be wrong already is not complained of twice."""
    for source, path in zip(config.sources, faults.entries("sources"), strict=True):
        _check_source(source, path, config, environ, faults)
    _check_together(config, faults)
    _check_calendar(config, faults)
    _check_series(config.series, metrics, faults)
    _check_escapes(config, faults)
    check_diagnosis(config, faults)
    if config.thresholds.seconds["absorbed"] > VERDICTS_COUNTED and not faults.touched("thresholds"):
        faults.add("thresholds.seconds.absorbed", "no more than three weeks are counted; write 21d or less")
    if config.store.path and config.store.path.endswith(("/", ":memory:")):
        faults.add("store.path", "is not a file on a disk; write one such as /var/lib/sdlc-exporter/state.db")


def warnings(config: Config, now: int | None = None) -> list[str]:
    """What is allowed and probably not meant; ``now`` (Unix time) lets a date in ``history`` be judged too."""
    found = (_source_warnings(config, now), _team_warnings(config), _store_warnings(config))
    return [*chain.from_iterable(found), *diagnosis_warnings(config, now)]


def _check_source(source: Source, path: str, config: Config, environ: Mapping[str, str], faults: Faults) -> None:
    other = NOT_ITS_OWN[source.provider]
    if not faults.touched(f"{path}.provider"):
        for key in other:
            if faults.written(f"{path}.{key}"):
                faults.add(f"{path}.{key}", f"means nothing to a {source.provider} source; remove the line")
        if source.provider == "github":
            _check_credential(source, path, environ, faults)
            _check_selection(source, path, faults)
            _check_history(source, path, config, faults)
            _check_production(source, path, config, faults)
        if source.provider in services():
            _check_service(source, services()[source.provider], path, config, environ, faults)
        if source.provider == "git":
            _check_locations(source, path, environ, faults)
        if source.provider == "notes":
            _check_notes(source, path, config, faults)
            _check_history(source, path, config, faults)


def _check_service(
    source: Source, service: Service, path: str, config: Config, environ: Mapping[str, str], faults: Faults
) -> None:
    """What every service needs, and what this one says of its own keys."""
    if not source.url and not faults.touched(f"{path}.url"):
        faults.add(f"{path}.url", f"is missing; write the address of your {service.title}")
    _check_token(source, path, environ, faults)
    untold = [each for each in source.streams if each not in {*service.streams}]
    if untold and not faults.touched(f"{path}.streams"):
        known = ", ".join(each for each in service.streams if each is not Stream.CHANGES)
        faults.add(f"{path}.streams", f"{service.title} does not tell of {untold[0]}; write some of {known}")
    if service.serves:
        _check_of(source, service, path, config, faults)
    else:
        _check_history(source, path, config, faults)
        _check_production(source, path, config, faults)
    mine = [f"{path}.{each}" for each in (*keys(service.options), "include")]
    said = service.fault(Setup(include=source.include, options=options(source, service)))
    if said and not faults.touched(*mine):
        faults.add(path, said)


def _check_of(source: Source, service: Service, path: str, config: Config, faults: Faults) -> None:
    """A service without repositories tells of those of one source, each stream of which one source tells."""
    if faults.touched(f"{path}.of", "sources"):
        return
    forges = {each.name: each for each in config.sources if has_repositories(each)}
    if source.of not in forges:
        said = "is missing" if source.of is None else f"there is no source '{source.of}' with repositories"
        remedy = suggest(source.of or "", forges) if forges else "add a source that has some, such as a github one"
        faults.add(f"{path}.of", f"{said}; {remedy}")
        return
    for stream in service.streams:
        if stream in forges[source.of].streams:
            faults.add(f"{path}.of", f"{source.of} reads its {stream} itself; leave {stream} out of its streams")
        others = [each for each in config.sources if each is not source and stream in served(each)]
        if any(each.of == source.of for each in others[:1]) and config.sources.index(others[0]) < _place(path):
            faults.add(f"{path}.of", f"{others[0].name} tells {source.of}'s {stream} already; remove one of the two")


def _place(path: str) -> int:
    """The number of a source in the file."""
    return int(path.rpartition("[")[2].rstrip("]"))


def served(source: Source) -> tuple[Stream, ...]:
    """The streams that a source tells of another one's repositories."""
    service = services().get(source.provider)
    return service.streams if service is not None and service.serves else ()


def has_repositories(source: Source) -> bool:
    """Whether a source finds repositories by itself, with their changes."""
    service = services().get(source.provider)
    return source.provider == "github" or (service is not None and not service.serves)


def _check_production(source: Source, path: str, config: Config, faults: Faults) -> None:
    told = (stream for each in config.sources if each.of == source.name for stream in served(each))
    unread = {"runs", "deployments"} - {*source.streams, *told}
    if source.production == "workflows" and unread and not faults.touched(f"{path}.streams", f"{path}.production"):
        faults.add(f"{path}.production", f"workflows needs the stream {min(unread)}; add it to streams")


def _check_notes(source: Source, path: str, config: Config, faults: Faults) -> None:
    if not source.notes and not faults.touched(f"{path}.notes"):
        faults.add(f"{path}.notes", "there is none; write globs over files, such as [/srv/retrospectives/**/*.md]")
    if source.team is not None and source.team not in config.teams and not faults.touched("teams", f"{path}.team"):
        remedy = suggest(source.team, config.teams) if config.teams else "list it there"
        faults.add(f"{path}.team", f"there is no team '{source.team}' under teams; {remedy}")


def _check_locations(source: Source, path: str, environ: Mapping[str, str], faults: Faults) -> None:
    if not source.locations and not source.named and not faults.touched(f"{path}.locations", f"{path}.named"):
        faults.add(f"{path}.locations", "there is none; write folders or addresses, such as [/srv/git/*.git]")
    given = [key for key in ("token_file", "token_env") if getattr(source, key) is not None]
    if len(given) > 1:
        faults.add(f"{path}.{given[1]}", f"is the second credential beside {given[0]}; keep one of the two")
    _check_variable(source, path, environ, faults)
    for location in (*source.locations, *source.named.values()):
        if given and location.startswith("http://"):
            secure = location.replace("http:", "https:", 1)
            faults.add(path, f"would send the credential unencrypted; write {secure}")
    named = [name_of(each) for each in source.locations if not is_glob(each)] + list(source.named)
    for name in sorted({each for each in named if named.count(each) > 1}):
        faults.add(path, f"two of its locations are {name}; give one of them another name under named")


def _check_credential(source: Source, path: str, environ: Mapping[str, str], faults: Faults) -> None:
    places = [f"{path}.{key}" for key in CREDENTIALS]
    given = [key for key in CREDENTIALS if getattr(source, key) is not None]
    if len(given) > 1:
        faults.add(f"{path}.{given[1]}", f"is the second credential beside {given[0]}; keep one of the two")
    elif not given and not faults.touched(*places):
        faults.add(path, "has no credential; write token_file, token_env or app")
    _check_variable(source, path, environ, faults)


def _check_token(source: Source, path: str, environ: Mapping[str, str], faults: Faults) -> None:
    places = [f"{path}.{key}" for key in WITH_A_TOKEN[:2]]
    given = [key for key in WITH_A_TOKEN[:2] if getattr(source, key) is not None]
    if len(given) > 1:
        faults.add(places[1], f"is the second credential beside {given[0]}; keep one of the two")
    elif not given and not faults.touched(*places):
        faults.add(path, "has no credential; write token_file or token_env")
    _check_variable(source, path, environ, faults)


def _check_variable(source: Source, path: str, environ: Mapping[str, str], faults: Faults) -> None:
    if source.token_env is not None and not environ.get(source.token_env):
        state = "empty" if source.token_env in environ else "not set"
        faults.add(f"{path}.token_env", f"the variable {source.token_env} is {state}; set it, or write token_file")


def _check_selection(source: Source, path: str, faults: Faults) -> None:
    places = [f"{path}.{key}" for key in ("include", "organisations", "users")]
    if not selectors(source):
        if not faults.touched(*places):
            faults.add(f"{path}.include", "selects nothing; write globs over owner/name, such as ['acme/*']")
        return
    everywhere = source.app is not None and source.app.installation_id is None
    for glob, entry in zip(source.include, faults.entries(f"{path}.include"), strict=True):
        owner = glob.split("/")[0]
        wild = any(sign in owner for sign in "*?[")
        if wild and not (everywhere or source.organisations or source.users or faults.touched(f"{path}.app", *places)):
            faults.add(
                entry,
                f"'{glob}' leaves the owner open; write the owner, list organisations or users, "
                "or use an app without installation_id",
            )
    if all(_excluded(glob, source) for glob in selectors(source)) and not faults.touched(*places, f"{path}.exclude"):
        faults.add(f"{path}.exclude", "leaves out everything that is included; narrow it")


def _check_history(source: Source, path: str, config: Config, faults: Faults) -> None:
    relative = source.history.start is None and config.store.path is None
    if relative and not faults.touched(f"{path}.history", "store"):
        faults.add(
            f"{path}.history",
            f"{source.history} counts back from each start, and without a store counters would fall; "
            "set store.path, or write a date such as 2026-01-01",
        )


def _check_together(config: Config, faults: Faults) -> None:
    if not config.sources and not faults.touched("sources"):
        faults.add("sources", "there is none; write at least one, with name, url, credential and include")
    placed = list(zip(config.sources, faults.entries("sources"), strict=True))
    first: dict[str, str] = {}
    for source, path in placed:
        if source.name and source.name in first:
            faults.add(f"{path}.name", f"'{source.name}' is the name of {first[source.name]} already; choose another")
        first.setdefault(source.name, path)
    for (one, left), (two, right) in combinations(placed, 2):
        glob = shared(one, two)
        if glob and not faults.touched(*(f"{path}.{key}" for path in (left, right) for key in SELECTION)):
            same = one.url == two.url and one.provider == two.provider == "github"
            cure = "leave them to one of the two" if same else "set repository_prefix in one of the two"
            faults.add(right, f"would export the same repositories ({glob}) as {left}; {cure}")


def _check_escapes(config: Config, faults: Faults) -> None:
    told = any(each.provider == "github" and "code" in each.streams for each in config.sources)
    if config.escapes.blame and not told and not faults.touched("sources", "escapes.blame"):
        faults.add("escapes.blame", "needs the stream code; add it to the streams of a github source")


def selectors(source: Source) -> tuple[str, ...]:
    """The globs a source's repositories match, in lower case, as far as the file tells."""
    if source.provider == "demo":
        return ("*/*",)
    if source.provider == "notes" or served(source):
        return ()
    if source.provider == "git":
        names = [*source.named, *(name_of(each) for each in source.locations if not is_glob(each))]
        return tuple(name.lower() for name in names)
    globs = source.include or tuple(f"{owner}/*" for owner in source.organisations + source.users)
    return tuple(glob.lower() for glob in globs)


def shared(one: Source, two: Source) -> str:
    """A glob whose repositories two sources would export under one name, or the empty string.

    Only what the globs themselves prove: one within the other, and not excluded by either. What a demo names its
    repositories is nobody else's.
    """
    if one.repository_prefix != two.repository_prefix or (one.provider == "demo") != (two.provider == "demo"):
        return ""
    if one.topics and two.topics and not {*one.topics} & {*two.topics}:
        return ""
    for mine in selectors(one):
        for yours in selectors(two):
            inner = mine if covers(yours, mine) else yours if covers(mine, yours) else ""
            if inner and not _excluded(inner, one) and not _excluded(inner, two):
                return inner
    return ""


def covers(wide: str, narrow: str) -> bool:
    """Whether every name that ``narrow`` matches is certain to match ``wide``; globs in one case."""
    if wide == narrow:
        return True
    exact = not any(sign in narrow for sign in "*?[")
    return (exact or not any(sign in wide for sign in "?[")) and fnmatchcase(narrow, wide)


def _excluded(glob: str, source: Source) -> bool:
    return any(covers(each.lower(), glob) for each in source.exclude)


def _check_calendar(config: Config, faults: Faults) -> None:
    hours = {"calendar.default": config.calendar.default}
    for team, each in inherited(config.calendar, faults).teams.items():
        place = join("calendar.teams", team)
        hours[place] = each
        if team not in config.teams and not faults.touched("teams"):
            remedy = suggest(team, config.teams) if config.teams else "list it there"
            faults.add(place, f"there is no team '{team}' under teams; {remedy}")
    for place, each in hours.items():
        if not each.days and not faults.touched("calendar.default", f"{place}.days"):
            faults.add(f"{place}.days", "names no day; write at least one of mon to sun")
        if each.closes <= each.opens and not faults.touched("calendar.default", f"{place}.start", f"{place}.end"):
            faults.add(
                f"{place}.end", f"{each.end} is not after the start, {each.start}; write a later time of the day"
            )
    for team, globs in config.teams.items():
        if not globs and not faults.touched(join("teams", team)):
            faults.add(
                join("teams", team), "selects nothing; write globs over repository names, such as ['acme/pay-*']"
            )


def inherited(calendar: CalendarSettings, faults: Faults) -> CalendarSettings:
    """The calendar with the default's hours wherever a team's are not written."""
    teams = {
        team: structs.replace(
            calendar.default,
            **{
                key: getattr(hours, key)
                for key in keys(WorkingHours)
                if faults.written(f"{join('calendar.teams', team)}.{key}")
            },
        )
        for team, hours in calendar.teams.items()
    }
    return structs.replace(calendar, teams=teams)


def _check_series(series: Series, metrics: Collection[str] | None, faults: Faults) -> None:
    for section in ("budgets", "detail"):
        for name in getattr(series, section):
            if metrics is not None and name not in metrics:
                close = nearest(name, metrics)
                remedy = f"did you mean '{close}'?" if close else "docs/metrics.md lists them"
                faults.add(f"series.{section}.{name}", f"no such metric; {remedy}")


@cache
def _shipped() -> list[dict[str, Any]]:
    return packaged()


def check_origin(origin: OriginSettings, faults: Faults, in_file: Faults) -> None:
    """Note what the rule table would refuse: rows, their ``disable`` and accounts.

    ``origin.rules`` holds the rows written inline, followed by those of the rules file, whose faults go to ``in_file``.
    """
    if not faults.written("origin") or faults.touched("origin"):
        return
    try:
        compile_rules(_shipped(), origin.rules, origin.disable, origin.bots, origin.people)
    except ConfigError as error:
        places = [(faults, entry) for entry in faults.entries("origin.rules")]
        places += [(in_file, entry) for entry in in_file.entries("")]
        for sentence in str(error).splitlines():
            row = re.match(r"extra rule (\d+) (.*)", sentence)
            whose, path = places[int(row[1]) - 1] if row else (faults, "origin")
            whose.add(path, row[2] if row else sentence)


def _source_warnings(config: Config, now: int | None) -> Iterator[str]:
    for source in config.sources:
        files = {"token_file": source.token_file, "ca_file": source.ca_file}
        files["app.key_file"] = source.app.key_file if source.app else None
        for key, file in files.items():
            if file is not None and not Path(file).is_file():
                # not which file: someone may have written the secret itself
                yield f"source {source.name}: {key} names a file that is not there (yet); nothing is read until it is"
        if source.interval < SHORT_INTERVAL and has_repositories(source):
            costs = f"an interval of {source.interval}s costs more requests than it shows"
            yield f"source {source.name}: {costs}; write 30s or more"
        blind = config.thresholds.seconds["blind"]
        if source.interval + LAG >= blind:
            late = f"polled every {duration_text(source.interval)} its data is older than {duration_text(blind)}"
            yield f"source {source.name}: {late}, so alerts call it blind; raise thresholds.seconds.blind"
        seconds = source.history.seconds or 0
        if now is not None and source.history.start is not None:
            seconds = now - source.history.start
        if seconds > FIVE_YEARS:
            yield f"source {source.name}: history goes back {seconds // DAY} days; more than five years loads for long"
        if seconds < 0:
            yield f"source {source.name}: history begins in the future; nothing is counted until then"


def _team_warnings(config: Config) -> Iterator[str]:
    earlier: list[tuple[str, str]] = []
    for team, globs in config.teams.items():
        above = [next((name for name, wide in earlier if covers(wide, glob)), "") for glob in globs]
        if all(above):
            yield f"team {team}: gets no repository, the first match decides and {above[0]} stands above it"
        earlier += [(team, glob) for glob in globs]


def _store_warnings(config: Config) -> Iterator[str]:
    path = config.store.path
    if path is None:
        if any(source.provider != "demo" for source in config.sources):
            yield "store: no path is set; every start loads the whole history again"
    elif any(posixpath.normpath(path).startswith(f"{folder}/") for folder in FLEETING):
        yield f"store: {path} is emptied when the machine or container restarts; choose a lasting disk"
    elif not Path(path).parent.is_dir():
        yield f"store: the folder of {path} is not there (yet); make it, and give it to the exporter's user"
