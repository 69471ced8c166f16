"""The command line. Exit codes: 0 fine, 1 failure, 2 configuration or usage, 3 not complete, 4 store, 5 refused."""

import argparse
import asyncio
import gc
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from exporter import __version__, arguments, backfill, clone_plan, doctor, explain, service_plan, wiring
from exporter import plan as planning
from exporter.app import App
from exporter.backfill import SHARED, Order
from exporter.catalogue import exported
from exporter.config import Config, load, warnings
from exporter.config.scalars import loopback
from exporter.config.settings import Log, Server, Source, Store
from exporter.diagnosis.terms import Report
from exporter.errors import ConfigError, ExporterError, NotComplete, Refused, StoreError, Unanswerable, Unauthorised
from exporter.once import as_of, once
from exporter.render.rules.rows import GRAFANA, RUNBOOKS
from exporter.report import render
from exporter.runtime.audit import MOST_ROWS
from exporter.runtime.audit.forms import FORMS
from exporter.runtime.clock import ServerClock
from exporter.runtime.credentials import Credential, TokenFile, TokenVariable
from exporter.runtime.health import Health
from exporter.runtime.remote_write import Password, Receiver, secret_file
from exporter.runtime.reporting import report
from exporter.runtime.snapshot import Snapshot
from exporter.runtime.web_config import load as load_web_config
from exporter.store.sqlite import SqliteStore

FINE, FAILURE, USAGE, NOT_COMPLETE, STORE, REFUSED = range(6)
LOG_EVERY = 10.0
"""Seconds between two log lines about a long load."""
SHOWN_EVERY = 0.5
TOKEN, PASSWORD = "SDLC_REMOTE_WRITE_TOKEN", "SDLC_REMOTE_WRITE_PASSWORD"
PAST = "write the past as scrapes would have read it, for a Prometheus that was not there"

log = logging.getLogger("exporter")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    options = _parser().parse_args(arguments)
    # Sums of a hundred thousand series live as long as the process; walking them again and again finds nothing.
    gc.set_threshold(50_000, 20, 20)
    _log_to_stderr(Log())
    try:
        return int(options.run(options))
    except (ConfigError, Unanswerable) as error:
        print(error, *getattr(error, "series", ()), sep="\n", file=sys.stderr)
        return USAGE
    except NotComplete as error:
        print(f"not complete: {error}", file=sys.stderr)
        return NOT_COMPLETE
    except StoreError as error:
        print(f"store: {error}", file=sys.stderr)
        return STORE
    except (Unauthorised, Refused) as error:
        print(f"refused: {error}", file=sys.stderr)
        return REFUSED
    except (ExporterError, OSError) as error:
        print(f"failed: {error}", file=sys.stderr)
        return FAILURE
    except (KeyboardInterrupt, asyncio.CancelledError):
        return FAILURE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sdlc-exporter",
        description="Shows where the gain of AI coding assistants is absorbed, as Prometheus metrics.",
        epilog="Exit codes: 0 fine, 1 failure, 2 configuration or usage, 3 not complete, 4 store, 5 refused.",
    )
    parser.add_argument("--version", action="version", version=f"sdlc-exporter {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, run, text in (
        ("run", _run, "serve metrics until stopped"),
        ("check-config", _check, "say everything that is wrong with a configuration"),
        ("once", _once, "load everything, print the metrics as of one instant, and end"),
        ("diagnose", _diagnose, "say what became of the gain of AI assistants: a report"),
        ("explain", _explain, "take one pull request apart, or tell the rows that a published number came from"),
        ("doctor", _doctor, "ask each source what may be read, and tell which metrics will be missing"),
        ("plan", _plan, "estimate repositories, requests and series before deploying"),
        ("rebuild", _rebuild, "start a new ledger from the stored facts; counters restart"),
    ):
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        command.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="the configuration")
        command.set_defaults(run=run)
        if name in ("once", "diagnose"):
            command.add_argument(
                "--at", type=arguments.instant, metavar="INSTANT", help="RFC 3339 time with zone, or Unix seconds"
            )
            command.add_argument(
                "-o", "--output", type=arguments.new_file, metavar="FILE", help="write here, whole or not at all"
            )
        if name == "diagnose":
            command.add_argument(
                "--format", choices=("text", "json", "markdown", "html"), default="text", help="text without it"
            )
        if name == "doctor":
            command.add_argument("--format", choices=("text", "json"), default="text", help="text without it")
        if name == "explain":
            _add_explain(command)
    for name, run, text in (
        ("dashboards", _dashboards, "write the Grafana dashboards"),
        ("rules", _rules, "write the recording and alerting rules for Prometheus"),
    ):
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        command.add_argument(
            "-o", "--output", type=arguments.new_folder, required=True, metavar="DIR", help="the folder to write into"
        )
        command.set_defaults(run=run)
        if name == "rules":
            command.add_argument(
                "--param",
                action="append",
                default=[],
                metavar="ALERT.WHAT=DURATION",
                help="another duration: ALERT.for, ALERT.keep_firing_for or ALERT.window",
            )
            command.add_argument("--grafana-url", default=GRAFANA, metavar="URL", help="where dashboard links lead")
            command.add_argument("--runbook-url", default=RUNBOOKS, metavar="URL", help="where runbook links lead")
    _backfill_options(commands.add_parser("backfill", help=PAST, description=f"{PAST[0].upper()}{PAST[1:]}."))
    demo = commands.add_parser("demo", help="serve a pretend organisation, without network or token")
    demo.add_argument("--listen", default="127.0.0.1:9517", metavar="HOST:PORT")
    demo.add_argument("--store", metavar="FILE", help="keep state here; without it the story starts anew each time")
    demo.add_argument("--seed", type=int, default=1, help="another seed, another organisation")
    demo.add_argument("--repositories", type=int, default=12, metavar="N")
    demo.set_defaults(run=_demo)
    return parser


def _backfill_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("-c", "--config", type=Path, required=True, metavar="FILE", help="the configuration")
    add(
        "--from",
        type=arguments.day,
        dest="since",
        metavar="D",
        help="date, or RFC 3339 time with zone (the ledger's start)",
    )
    add("--to", type=arguments.day, dest="until", metavar="D", help="the same (when the first load was complete)")
    add("--step", type=arguments.step, default=3600, metavar="DURATION", help="between two instants, 1m or more (1h)")
    add(
        "--label",
        type=arguments.label,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a label that the scrape adds, as one of the target's live series has it; without a value, none "
        f"({', '.join(f'{name}={value}' for name, value in SHARED.items())})",
    )
    into = command.add_mutually_exclusive_group(required=True)
    into.add_argument(
        "-o", "--output", type=arguments.new_file, metavar="FILE", help="write OpenMetrics here, for promtool"
    )
    into.add_argument(
        "--remote-write", type=arguments.address, metavar="URL", help="send it to a receiver of remote write"
    )
    who = command.add_mutually_exclusive_group()
    who.add_argument("--user", metavar="NAME", help=f"of the receiver, with the password in a file or ${PASSWORD}")
    add("--password-file", type=Path, metavar="FILE")
    who.add_argument("--token-file", metavar="FILE", help=f"a bearer token of the receiver; or in ${TOKEN}")
    add(
        "--header",
        type=arguments.header,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="such as X-Scope-OrgID=acme",
    )
    add("--ca-file", metavar="FILE", help="certificate authorities of the receiver")
    add("--progress", type=arguments.new_file, metavar="FILE", help="what was taken already (a file beside the store)")
    command.set_defaults(run=_backfill)


def _add_explain(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "what", metavar="URL|SERIES", help='a pull request\'s web address, or a series: NAME or NAME{LABEL="VALUE",...}'
    )
    command.add_argument("--format", choices=tuple(FORMS), default="text", help="of a series' rows (text)")
    command.add_argument(
        "--at", type=arguments.instant, metavar="INSTANT", help="a series as it was then, not at the last poll"
    )
    command.add_argument(
        "--limit",
        type=_count,
        default=MOST_ROWS,
        metavar="N",
        help=f"the newest rows of a series ({MOST_ROWS}); 0: all",
    )


def _count(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"not a number of rows: {text!r}")
    return int(text) or sys.maxsize


def _config(options: argparse.Namespace) -> Config:
    config = load(options.config, os.environ, {row.name for row in exported()})
    _log_to_stderr(config.log)
    for sentence in warnings(config, int(time.time())):
        log.warning("%s", sentence)
    return config


class _JsonLines(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's time (UTC), level, logger and message."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"ts": moment, "level": record.levelname.lower(), "logger": record.name, "msg": record.getMessage()}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def _log_to_stderr(settings: Log) -> None:
    handler = logging.StreamHandler()
    plain = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    plain.converter = time.gmtime
    handler.setFormatter(_JsonLines() if settings.format == "json" else plain)
    logging.basicConfig(level=settings.level.upper(), handlers=[handler], force=True)


def _serve(config: Config, path: Path | None) -> int:
    def ready(port: int) -> None:
        host = config.server.host or "0.0.0.0"  # noqa: S104 - only printed
        log.info("listening on http://%s:%d/ (metrics on /metrics)", f"[{host}]" if ":" in host else host, port)

    with _Shower() as show:
        asyncio.run(App(config, path, os.environ).run(ready, show))
    return FINE


def _run(options: argparse.Namespace) -> int:
    return _serve(_config(options), options.config)


def _demo(options: argparse.Namespace) -> int:
    source = Source(name="demo", provider="demo", seed=options.seed, repositories=options.repositories, interval=30)
    teams: dict[str, tuple[str, ...]] = {team: (f"acme/{team}-*",) for team in ("pay", "web", "data", "platform")}
    config = Config(
        sources=(source,), teams=teams, store=Store(path=options.store), server=Server(listen=options.listen)
    )
    return _serve(config, None)


def _check(options: argparse.Namespace) -> int:
    config = _config(options)
    load_web_config(config.server.web_config_path)
    print(f"{options.config}: fine; {len(config.sources)} source{'s' * (len(config.sources) != 1)}")
    return FINE


def _diagnose(options: argparse.Namespace) -> int:
    config = _config(options)

    def tell(snapshot: Snapshot, instant: int) -> Report:
        snapshot.build(float(instant))
        return report(snapshot, instant)

    with _Shower() as show:
        told = asyncio.run(as_of(config, options.at, tell, show))
    _tell(options, render(told, options.format).encode())
    return FINE


def _tell(options: argparse.Namespace, content: bytes) -> None:
    if options.output is None:
        sys.stdout.buffer.write(content)
    else:
        _write(options.output, content)


def _once(options: argparse.Namespace) -> int:
    config = _config(options)
    with _Shower() as show:
        text = asyncio.run(once(config, options.at, show))
    _tell(options, text)
    return FINE


def _backfill(options: argparse.Namespace) -> int:
    config = _config(options)
    shared = {name: value for name, value in {**SHARED, **dict(options.label)}.items() if value}
    order = Order(options.since, options.until, options.step, shared)
    receiver = _receiver(options) if options.remote_write else None

    async def told(show: "_Shower") -> None:
        async def tell(share: float, at: int) -> None:
            show.told(share, at)
            await asyncio.sleep(0)  # a signal is heard only where something is waited for

        _cancelled_by_signals()
        async with backfill.past(config, order, show) as past:
            if receiver is None:
                instants, samples = await backfill.write(past, options.output, tell)
                log.info("%s: %d samples of %d instants", options.output, samples, instants)
                return
            path = options.progress or backfill.progress_path(config, receiver.told_apart)
            try:
                sent = await backfill.send(past, receiver, past.progress(path, receiver.told_apart), tell)
            finally:
                await receiver.close()
            log.info("%s: %d instants were sent; remove %s to send them again", options.remote_write, sent, path)

    with _Shower() as show:
        asyncio.run(told(show))
    return FINE


def _cancelled_by_signals() -> None:
    """End this task at the signals of ``docker stop`` and of a closed terminal as at Ctrl-C: gigabytes may lie about.

    What is ignored stays ignored (``nohup``).
    """
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - only called in one
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def _receiver(options: argparse.Namespace) -> Receiver:
    """The receiver and its credential, whose secret is in a file or in the environment."""
    credential: Credential | None = None
    if options.password_file and not options.user:
        raise ConfigError("--password-file needs the name that the password is of: --user NAME")
    if options.user and options.password_file:
        credential = Password(options.user, partial(secret_file, options.password_file))
    elif options.user:
        if PASSWORD not in os.environ:
            raise ConfigError(f"--user needs a password: --password-file, or the environment variable {PASSWORD}")
        credential = Password(options.user, partial(os.environ.__getitem__, PASSWORD))
    elif options.token_file:
        credential = TokenFile(options.token_file)
    elif TOKEN in os.environ:
        credential = TokenVariable(TOKEN)
    parts = urlsplit(options.remote_write)
    if credential is not None and parts.scheme == "http" and not loopback(parts.hostname or ""):
        log.warning("%s: the credential is sent unencrypted; write https if the receiver has it", options.remote_write)
    return Receiver(options.remote_write, credential, dict(options.header), options.ca_file)


def _dashboards(options: argparse.Namespace) -> int:
    from exporter.render.dashboards import files as dashboards  # made when imported; nothing else needs them

    return _write_all(options.output, dashboards.files())


def _rules(options: argparse.Namespace) -> int:
    from exporter.render.rules import files as rules

    params: dict[str, str] = {}
    for each in options.param:
        name, sign, duration = each.partition("=")
        if not sign or not name:
            raise ConfigError(f"--param {each}: not a name and a duration; write {name or 'ALERT.for'}=4h")
        params[name] = duration
    return _write_all(options.output, rules.files(params, runbooks=options.runbook_url, grafana=options.grafana_url))


def _write_all(folder: Path, files: Mapping[str, str]) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        _write(folder / name, content.encode())
        print(folder / name)
    return FINE


def _write(path: Path, content: bytes) -> None:
    """The whole file or the former one, whatever happens."""
    draft = path.with_name(f"{path.name}.tmp")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


class _Shower:
    """A progress line on a terminal, a log line now and then elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._last = time.monotonic()

    def __enter__(self) -> "_Shower":
        return self

    def __exit__(self, *_: object) -> None:
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def __call__(self, health: Health) -> None:
        """Show how far long loads are."""
        words = ", ".join(f"{name} {share:.0%}" for name, share in sorted(health.loading.items())) or "polling"
        self._say(f"loading: {words}; {sum(health.requests.values())} requests")

    def told(self, share: float, at: int) -> None:
        """Show how much of the past is told, and up to which second (Unix)."""
        self._say(f"told: {share:.0%}, up to {datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}")

    def _say(self, words: str) -> None:
        passed = time.monotonic() - self._last
        if passed < (SHOWN_EVERY if self._terminal else LOG_EVERY):
            return
        self._last = time.monotonic()
        if self._terminal:
            print(f"\r\x1b[K{words}", end="", file=sys.stderr, flush=True)
        else:
            log.info("%s", words)


def _explain(options: argparse.Namespace) -> int:
    config, what = _config(options), str(options.what)
    if "/" not in what.partition("{")[0]:
        answers = explain.series(config, what, options.at, options.limit)
        sys.stdout.buffer.write(FORMS[options.format](answers).encode())
        return FINE
    told = asyncio.run(explain.fetch(config, what))
    print(explain.report(told, wiring.policy(config), explain.kept(config, what)), end="")
    return FINE


def _doctor(options: argparse.Namespace) -> int:
    found = asyncio.run(doctor.examine(_config(options)))
    print(doctor.report(found) if options.format == "text" else doctor.as_json(found), end="")
    return FINE if all(each.whole for each in found) else FAILURE


def _plan(options: argparse.Namespace) -> int:
    config = _config(options)

    async def estimate() -> list[planning.Plan]:
        now = ServerClock().now()
        return [await planning.plan(config, each, now) for each in config.sources if each.provider == "github"]

    if plans := asyncio.run(estimate()):
        print(planning.report(plans), end="")
    for sentence in (*asyncio.run(service_plan.sentences(config)), *clone_plan.sentences(config)):
        print(sentence)
    return FINE


def _rebuild(options: argparse.Namespace) -> int:
    config = _config(options)
    if config.store.path is None:
        raise ConfigError("there is no store to rebuild; set store.path")
    store = SqliteStore(config.store.path)
    try:
        store.start_over()
    finally:
        store.close()
    print("The ledger is empty; the next start fills it from the stored facts. Every counter restarts once.")
    return FINE


if __name__ == "__main__":
    sys.exit(main())
