"""Every alert has a page for whoever is told of it, and what it names is there: panels, metrics, keys, commands."""

import argparse
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import yaml

from exporter import cli
from exporter.catalogue import METRICS, Detail, Kind, exported
from exporter.config.settings import Config, SecondsName, Source, WorkingHours
from exporter.diagnosis.terms import Flag
from exporter.errors import REASONS
from exporter.measures.exporter import RESULTS
from exporter.measures.quality import ISSUES
from exporter.model import Origin, Stage, Stream
from exporter.render.rules.exporter import INPUTS
from exporter.render.rules.files import GROUPS
from exporter.render.rules.rows import parameters
from exporter.runtime import page
from exporter.store.base import RepositoryState
from tests.deploy import stack
from tests.deploy.stack import Alertmanager
from tests.system.processes import ROOT, until

FOLDER = ROOT / "docs/runbooks"
ALERTS = {alert.name: alert for group in GROUPS.values() for alert in group.alerts}
PAGES = {path.stem: path.read_text("utf-8") for path in FOLDER.glob("Sdlc*.md")}
INDEX = (FOLDER / "README.md").read_text("utf-8")
HEADINGS = ["What it means", "First look", "Likely causes", "What to do", "When it is wrong", "How to silence"]
FENCE = re.compile(r"^ *```(?P<language>\w+)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
SELECTOR = re.compile(r"(?P<name>sdlc_\w+)(?:\{(?P<labels>[^}]*)\})?")
OF_PROMETHEUS = {"up", "job"}

each_page = pytest.mark.parametrize("name", sorted(PAGES))


def fences(text: str, language: str) -> list[str]:
    """The blocks of code of a language."""
    return [found["text"] for found in FENCE.finditer(text) if found["language"] == language]


def prose(text: str) -> str:
    """A page without its blocks of code."""
    return FENCE.sub("", text)


def code(text: str) -> list[str]:
    """What stands in backticks in a page's prose."""
    return re.findall(r"`([^`]+)`", prose(text).replace("\n", " "))


def test_every_alert_has_its_page_and_no_page_is_left_over():
    assert PAGES.keys() == ALERTS.keys()
    assert len(ALERTS) >= 14


def test_the_index_has_each_page_once_under_its_severity():
    """``Critical`` to ``Info``, and a line for each."""
    found = {}
    for chapter in re.split(r"^## ", INDEX, flags=re.MULTILINE)[1:]:
        for title, target in re.findall(r"^- \[(\w+)\]\((\w+)\.md\): ", chapter, flags=re.MULTILINE):
            assert title == target not in found
            found[title] = chapter.partition("\n")[0].lower()
    assert found == {alert.name: alert.severity for alert in ALERTS.values()}


@each_page
def test_a_page_has_the_six_chapters_in_order_and_can_be_read_at_night(name):
    text = PAGES[name]
    assert text.startswith(f"# {name}\n")
    assert re.findall(r"^## (.+)$", prose(text), flags=re.MULTILINE) == HEADINGS
    assert 40 <= len(text.splitlines()) <= 80
    assert re.findall(r"^(\d)\. ", chapter(text, "First look"), flags=re.MULTILINE) == ["1", "2", "3"]
    assert len(fences(chapter(text, "First look"), "promql")) == 1
    assert "| cause | how to tell |\n|---|---|\n" in chapter(text, "Likely causes")


def chapter(text: str, heading: str) -> str:
    """One chapter of a page."""
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


@each_page
def test_a_page_says_who_is_told_and_when(name):
    """Severity and duration are the alert's own."""
    alert = ALERTS[name]
    spoken = {
        "15m": "15 minutes",
        "30m": "30 minutes",
        "1h": "an hour",
        "4h": "4 hours",
        "1d": "a day",
        "14d": "two weeks",
    }[alert.wait]
    assert f"\n{alert.severity.capitalize()}, after {spoken}. Addressed to " in PAGES[name]


@each_page
def test_links_lead_to_files(name):
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", PAGES[name] + INDEX)
    assert [each for each in targets if not (FOLDER / each).exists()] == []


# PromQL


def test_queries_name_metrics_and_labels_that_exist():
    """Each is a metric of the catalogue, a part of a histogram, or ``up``; and asks for labels that it has."""
    rows = {row.name: row for row in exported()}
    for query in (each for text in PAGES.values() for each in fences(text, "promql")):
        assert SELECTOR.search(query) or query.strip().partition("{")[0] in OF_PROMETHEUS
        for found in SELECTOR.finditer(query):
            base = re.sub(r"_(bucket|sum|count)$", "", found["name"])
            row = rows.get(found["name"]) or rows[base]
            assert (row.kind is Kind.HISTOGRAM) == (row.name != found["name"])
            asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", found["labels"] or ""))
            assert asked <= {*row.labels, "le"}, query


@stack.needs_prometheus
def test_promtool_can_parse_every_query(tmp_path):
    queries = [each for text in PAGES.values() for each in fences(text, "promql")]
    assert len(queries) >= len(PAGES)
    rules = [{"record": f"runbook:{place}", "expr": query} for place, query in enumerate(queries)]
    path = stack.written(tmp_path / "rules.yaml", {"groups": [{"name": "runbooks", "rules": rules}]})
    checked = subprocess.run([str(stack.PROMTOOL), "check", "rules", path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert f"{len(queries)} rules found" in checked.stdout


# Dashboards and the exporter's page


def dashboards() -> dict[str, set[str]]:
    """The titles of the panels of each dashboard, by its own title."""
    return {each["title"]: set(titles(each["panels"])) for each in map(_json, (ROOT / "dashboards").glob("*.json"))}


def _json(path: Path) -> Any:
    return msgspec.json.decode(path.read_bytes())


def titles(panels: list[dict[str, Any]]) -> Iterator[str]:
    for each in panels:
        if each["type"] != "row":
            yield each["title"]
        yield from titles(each.get("panels", []))


@each_page
def test_italics_are_panels_of_the_dashboard_named_after_them(name):
    known = dashboards()
    titled = "|".join(sorted(known, key=len, reverse=True))
    found = 0
    for block in re.split(r"\n\n|\n(?=[-|]|\d\. )", prose(PAGES[name])):
        text = re.sub(r"`[^`]*`", "", block.replace("\n   ", " ").replace("\n", " "))
        for panel in re.finditer(r"(?<!\*)\*([^*]+)\*(?!\*)", text):
            where = re.search(titled, text[panel.end() :])
            assert where, f"{panel[1]}: of which dashboard?"
            assert panel[1] in known[where[0]], f"{panel[1]}: not on {where[0]}"
            found += 1
    assert found >= 1


@each_page
def test_bold_is_a_part_of_the_exporters_page(name):
    status = page.Status("1", 1.0, 1.0, page.ConfigStatus("x", 1.0), page.StoreStatus("y"))
    parts = set(re.findall(r"<(?:h2|dt)>([\w ]+)<", page.render(status)))
    own = {"Sources", "Repositories", "Series", "Configuration", "Store", "Recent errors"}
    assert parts == own | {"Where the gain goes"}
    assert set(re.findall(r"\*\*(.+?)\*\*", prose(PAGES[name]))) <= parts


# Settings and commands


def exists(kind: Any, words: list[str]) -> bool:
    """Whether a type of msgspec has what a path such as ``sources[].app`` leads to."""
    if not words:
        return True
    word, *rest = words
    if isinstance(kind, msgspec.inspect.UnionType):
        return any(exists(each, words) for each in kind.types)
    if isinstance(kind, msgspec.inspect.VarTupleType) and word == "[]":
        return exists(kind.item_type, rest)
    if isinstance(kind, msgspec.inspect.DictType):
        named = getattr(kind.key_type, "values", None)
        return (named is None or word in named) and exists(kind.value_type, rest)
    fields = {each.name: each.type for each in getattr(kind, "fields", ())}
    return word in fields and exists(fields[word], rest)


def chart_has(path: str) -> bool:
    """Whether the chart's values have a path."""
    here: Any = yaml.safe_load((ROOT / "helm/sdlc-exporter/values.yaml").read_text("utf-8"))
    for word in path.split("."):
        if not isinstance(here, Mapping) or word not in here:
            return False
        here = here[word]
    return True


@each_page
def test_dotted_names_are_keys_of_the_configuration_durations_of_alerts_or_values_of_the_chart(name):
    config = msgspec.inspect.type_info(Config)
    known = {each for alert in ALERTS.values() for each in parameters(alert)}
    dotted = [each for each in code(PAGES[name]) if re.fullmatch(r"\w+(\[\])?(\.\w+)+", each)]
    for each in dotted:
        found = exists(config, each.replace("[]", ".[]").split(".")) or each in known or chart_has(each)
        assert found, f"{each} is neither"
    assert set(parameters(ALERTS[name])) <= set(dotted), "a duration that can be set is not named"
    compared = re.findall(r'sdlc_threshold_(\w+)\{name="(\w+)"\}', ALERTS[name].expr)
    sections = {"seconds": "seconds", "ratio": "ratios", "changes": "changes"}
    needed = {f"thresholds.{sections[unit]}.{each}" for unit, each in compared}
    assert needed <= set(dotted), "a threshold that it compares with is not named"


def vocabulary() -> set[str]:
    """Single words that pages may put in backticks: reasons, states, results, origins, labels, keys and commands."""
    keys = {each for kind in (Config, WorkingHours) for each in kind.__struct_fields__}
    values = {str(each) for kind in (Detail, Flag, Origin, RepositoryState, Stage, Stream) for each in kind}
    values |= {issue.word for issue in ISSUES} | {what for what, _ in INPUTS}
    choices = {*get_args(SecondsName), *get_args(get_args(Source.__annotations__["poll"])[0])}
    labels = {label for row in METRICS.values() for label in row.labels}
    commands = set(subcommands(cli._parser()))
    return {*REASONS, *RESULTS, *keys, *values, *choices, *labels, *commands, *OF_PROMETHEUS}


def subcommands(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """The commands of a command line."""
    return next(each.choices for each in parser._actions if isinstance(each, argparse._SubParsersAction))


@each_page
def test_words_in_backticks_are_words_of_the_exporter(name):
    """Metrics are in the catalogue; other single words are in a closed list."""
    metrics = {row.name for row in exported()}
    for each in code(PAGES[name]):
        if found := re.fullmatch(r"(sdlc_\w+)", each):
            assert found[1] in metrics
        elif re.fullmatch(r"[a-z_-]+", each):
            assert each in vocabulary(), each


@each_page
def test_commands_of_the_exporter_exist_with_these_options(name):
    """Each is understood by the real parser."""
    commands = [each for each in code(PAGES[name] + INDEX) if each.startswith("sdlc-exporter ")]
    lines = [line for block in fences(PAGES[name] + INDEX, "sh") for line in block.splitlines()]
    commands += [line for line in map(str.strip, lines) if line.startswith("sdlc-exporter ")]
    for each in commands:
        cli._parser().parse_args(shlex.split(each)[1:])


@each_page
def test_other_commands_are_few_and_known(name):
    """A page needs nothing but the exporter, ``amtool`` and ``curl``, and asks curl only for a reload."""
    joined = "\n".join(fences(PAGES[name], "sh")).replace("\\\n", " ")
    for line in filter(None, map(str.strip, joined.splitlines())):
        program, *words = shlex.split(line)
        assert program in {"sdlc-exporter", "amtool", "curl"}
        if program == "curl":
            assert words[-3:] == ["--request", "POST", "http://localhost:9517/-/reload"]


# Silences


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    """A real one, as in the compose file; nobody hears it."""
    folder = tmp_path_factory.mktemp("silences")
    with stack.alertmanager(folder, stack.alertmanager_settings(folder, "http://127.0.0.1:9")) as server:
        yield server


@stack.needs_prometheus
@each_page
def test_the_silence_is_accepted_and_silences_this_alert(name, alertmanager):
    """By the real amtool; its labels are labels of the alert, and it lasts from hours to four weeks."""
    (block,) = fences(chapter(PAGES[name], "How to silence"), "sh")
    words = shlex.split(block.replace("\\\n", " "))
    assert words[:4] == ["amtool", "silence", "add", "--alertmanager.url=http://localhost:9093"]
    labels = dict(each.split("=", 1) for each in words if not each.startswith("-") and "=" in each)
    templates = ALERTS[name].description + " ".join(f"$labels.{each}" for each in ALERTS[name].dashboard[1:])
    assert labels.pop("alertname") == name
    assert labels.keys() <= set(re.findall(r"\$labels\.(\w+)", templates))
    alertmanager.ask("/api/v2/alerts", [{"labels": {"alertname": name, "severity": "info", **labels}}])
    words[3] = f"--alertmanager.url={alertmanager.url}"
    done = subprocess.run([str(stack.AMTOOL), *words[1:]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    silence = done.stdout.strip()
    until(lambda: [each["status"]["silencedBy"] for each in alertmanager.alerts(alertname=name)] == [[silence]])
    hours = int(duration(words)[:-1]) * {"h": 1, "d": 24}[duration(words)[-1]]
    assert 1 <= hours <= 28 * 24


def duration(words: list[str]) -> str:
    """The ``--duration`` of a command."""
    return next(each.partition("=")[2] for each in words if each.startswith("--duration="))
