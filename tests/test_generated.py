"""The documents say what the code does: generated ones equal their generators, and examples in them work."""

import re
import shutil
import subprocess

import pytest
import yaml

from exporter import cli
from exporter.catalogue import Group, Kind, Metric, exported
from exporter.config import parse
from exporter.render import metrics, origin
from tools import chart_readme
from tools.generate import DOCUMENTS, FOLDERS, ROOT

ROWS = {row.name: row for row in exported()}
FENCE = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
SELECTOR = re.compile(r"(?P<name>sdlc_\w+)(?:\{(?P<labels>[^}]*)\})?")
SUFFIXES = re.compile(r"_(bucket|sum|count)$")
MARKS = {"docs/ai-origin.md": origin.BEGIN, "helm/sdlc-exporter/README.md": chart_readme.BEGIN}
"""Where the generated part of a document begins, that is written by hand above it."""
PROMTOOL = shutil.which("promtool")


def fences(name, language):
    found = FENCE.finditer((ROOT / name).read_text("utf-8"))
    return [each["text"] for each in found if each["language"] == language]


QUERIES = [*fences("README.md", "promql"), *fences("docs/metrics.md", "promql")]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_equals_its_generator(name):
    """After a change of the code, `make generate` writes the document anew."""
    written = (ROOT / name).read_text("utf-8")
    assert DOCUMENTS[name](written) == written


@pytest.mark.parametrize("name", DOCUMENTS)
def test_generated_part_is_written_anew(name):
    """A generator does not hand back what it was given."""
    written = (ROOT / name).read_text("utf-8")
    by_hand, mark, generated = written.rpartition(MARKS[name]) if name in MARKS else ("", "", written)
    spoiled = re.sub(r"^([|-] .+)$", r"\1 spoiled", generated, flags=re.MULTILINE)
    assert spoiled != generated
    assert DOCUMENTS[name](by_hand + mark + spoiled) == written


@pytest.mark.parametrize("name", FOLDERS)
def test_folder_holds_what_its_generator_writes_and_nothing_else(name):
    found = {path.name: path.read_text("utf-8") for path in (ROOT / name).iterdir()}
    assert found == dict(FOLDERS[name]())


def test_metrics_document_has_every_exported_metric_once():
    headings = re.findall(r"^### `(\w+)`$", metrics.render(), flags=re.MULTILINE)
    assert sorted(headings) == sorted(ROWS)


def test_metrics_document_has_the_chapters_in_order():
    chapters = re.findall(r"^## (.+)$", metrics.render(), flags=re.MULTILINE)
    assert chapters == ["Labels", *Group]


def test_metric_is_described_by_kind_unit_labels_bounds_and_detail():
    """The stages' histogram: seconds, eight bounds from an hour to thirty days, one for the organisation."""
    section = metrics.render().partition("### `sdlc_change_stage_seconds`\n")[2].partition("###")[0]
    assert "- histogram in seconds\n- labels: `repository`, `origin`, `stage`\n" in section
    assert "- upper bounds: 1 h, 4 h, 8 h, 1 d, 3 d, 7 d, 14 d, 30 d\n" in section
    assert '`repository="all"`' in section


def test_metric_with_a_label_nobody_explained_stops_the_generator(monkeypatch):
    row = Metric("sdlc_new_total", Kind.COUNTER, Group.EVENTS, "New.", labels=("unheard_of",))
    monkeypatch.setattr(metrics, "exported", lambda: iter([row]))
    with pytest.raises(KeyError, match="unheard_of"):
        metrics.render()


def test_examples_belong_to_metrics_and_ask_for_them():
    for name, example in metrics.EXAMPLES.items():
        assert name in ROWS
        assert name in example.query
        assert example.question.endswith("?")


def test_readme_has_five_queries():
    assert len(fences("README.md", "promql")) == 5


@pytest.mark.parametrize("query", QUERIES)
def test_query_names_metrics_and_labels_that_exist(query):
    """Every selector is a metric of the catalogue, a part of a histogram, and asks for labels the metric has."""
    for found in SELECTOR.finditer(query):
        base = SUFFIXES.sub("", found["name"])
        row = ROWS.get(found["name"]) or ROWS[base]
        assert (row.kind is Kind.HISTOGRAM) == (row.name != found["name"])
        asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", found["labels"] or ""))
        assert asked <= {*row.labels, "le"}


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
def test_promtool_can_parse_every_query(tmp_path):
    rules = [{"record": f"example:{place}", "expr": query} for place, query in enumerate(QUERIES)]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "examples", "rules": rules}]}))
    checked = subprocess.run([PROMTOOL, "check", "rules", path], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert f"{len(QUERIES)} rules found" in checked.stdout


def test_readme_names_metrics_that_exist():
    names = re.findall(r"^\| `(sdlc_\w+)` \|", (ROOT / "README.md").read_text("utf-8"), flags=re.MULTILINE)
    assert len(names) >= 10
    assert set(names) <= ROWS.keys()


def test_readme_configuration_loads():
    """The five lines are a whole configuration."""
    text = fences("README.md", "yaml")[0]
    assert len(text.splitlines()) == 5
    config = parse(text, "README.md", {}, ROWS.keys())
    assert config.sources[0].include == ("acme/*",)


def documented(document):
    """The first cells of the tables of a document, without options."""
    return re.findall(r"^\| `?([\w-]+)[^|]*\|", document, flags=re.MULTILINE)


def test_every_command_is_documented(capsys):
    """docs/command-line.md has the commands that --help has."""
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    offered = re.findall(r"^    ([a-z][a-z-]+)\s", capsys.readouterr().out, flags=re.MULTILINE)
    by_commands, _, _ = (ROOT / "docs/command-line.md").read_text("utf-8").partition("## Exit codes")
    assert sorted(documented(by_commands)[1:]) == sorted(offered)
    assert "explain" in offered


def test_every_exit_code_is_documented():
    """0 to 5, in the order of the command line's own constants."""
    codes = [cli.FINE, cli.FAILURE, cli.USAGE, cli.NOT_COMPLETE, cli.STORE, cli.REFUSED]
    _, _, by_codes = (ROOT / "docs/command-line.md").read_text("utf-8").partition("## Exit codes")
    assert documented(by_codes)[1:] == [str(code) for code in codes]


def test_links_between_documents_lead_somewhere():
    for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", path.read_text("utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_architecture_names_tests_that_exist():
    named = re.findall(r"`(tests/[\w/.]+)`", (ROOT / "docs/architecture.md").read_text("utf-8"))
    assert len(named) >= 10
    for name in named:
        assert (ROOT / name).exists(), name
