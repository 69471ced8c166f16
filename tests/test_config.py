"""The configuration: what it means, every way it can be wrong, and that no secret is ever told."""

import re
import textwrap
from collections.abc import Iterator
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter import working_hours
from exporter.config import Config, History, fingerprint, load, parse, warnings
from exporter.config.contradictions import covers
from exporter.config.scalars import duration_text, read_duration
from exporter.config.settings import Server
from exporter.config.strict import keys, sections
from exporter.errors import ConfigError
from exporter.render.configuration import EXAMPLE, render_reference

HERE = Path(__file__).parent / "config"
GOOD = sorted((HERE / "good").glob("*.yaml"))
BAD = sorted((HERE / "bad").glob("*.yaml"))
FULL = (HERE / "good" / "full.yaml").read_text()
ENVIRON = {"GITHUB_TOKEN": "SECRETsecret", "EMPTY_TOKEN": ""}
METRICS = ("sdlc_change_stage_seconds", "sdlc_change_size_lines")
DEMO = "sources: [{name: pretend, provider: demo}]\n"
HOUR, DAY = 3600, 86400


def config(text: str) -> Config:
    return parse(textwrap.dedent(text), "c.yaml", ENVIRON, METRICS)


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config(text)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_file_is_accepted(path: Path) -> None:
    assert parse(path.read_text(), path.name, ENVIRON, METRICS).sources


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_file_produces_its_sentences_and_no_others(path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(path.read_text(), path.name, ENVIRON, METRICS)
    assert f"{caught.value}\n" == path.with_suffix(".txt").read_text()


def test_every_sentence_of_the_bad_corpus_names_its_file_and_a_remedy() -> None:
    """A sentence without a remedy leaves the reader alone; one that asks 'did you mean' has given it."""
    assert len(BAD) >= 30
    assert {path.stem for path in BAD} == {path.stem for path in (HERE / "bad").glob("*.txt")}
    for path in BAD:
        for sentence in path.with_suffix(".txt").read_text().splitlines():
            assert sentence.startswith(f"{path.name}:")
            assert "; " in sentence
            assert "SECRET" not in sentence


def test_the_full_file_holds_every_key_and_none_at_its_default() -> None:
    """So that every other test over this file speaks of all keys."""
    written = _written_keys()
    for path, struct in sections(Config):
        for name, key in keys(struct).items():
            place = f"{path}.{name}" if path else name
            if place == "sources[].of":
                continue  # of services without repositories alone
            assert place in written, place
            if name not in ("provider", "url", "token_env") and not _within_calendar_team(path):
                assert written[place] != str(key.default), place


def _within_calendar_team(path: str) -> bool:
    return path == "calendar.teams.*"


def _written_keys() -> dict[str, str]:
    """Path with ``[]`` and ``*``: what the full file writes there; a team's hours stand for all of theirs."""
    found: dict[str, str] = {}

    def walk(value: Any, path: str) -> None:
        if isinstance(value, list):
            for each in value:
                walk(each, f"{path}[]")
        elif isinstance(value, dict):
            for key, each in value.items():
                step = "*" if path == "calendar.teams" else key
                place = f"{path}.{step}" if path else step
                found.setdefault(place, str(each))
                walk(each, place)

    walk(yaml.safe_load(FULL), "")
    found |= {f"calendar.teams.*.{key}": "" for key in ("days", "start", "holidays")}
    return found


def test_the_full_file_means_what_it_says() -> None:
    read = config(FULL)
    ghe, variable, app, demo, git, retros = read.sources
    assert (retros.notes, retros.team) == (("/srv/notes/**/*.md",), "payments")
    assert read.retrospectives.environment == ("Prüfstand",)
    assert (git.locations, git.named, git.branch) == (
        ("/srv/git/*.git", "https://git.acme.example/tools/deploy.git"),
        {"omega/shop": "git@git.acme.example:shop.git"},
        "trunk",
    )
    assert (ghe.name, ghe.url, ghe.token_file) == (
        "acme-github",
        "https://github.acme.example/api/v3",
        "/run/secrets/github",
    )
    assert (ghe.include, ghe.exclude) == (("acme/*", "tools/build"), ("acme/*-archive",))
    assert (ghe.interval, ghe.rediscover, ghe.timeout, ghe.retry_wait) == (90, 2 * HOUR, 90, 2)
    assert (ghe.archived, ghe.forks, ghe.reserve, ghe.poll, ghe.repository_prefix) == (
        True,
        True,
        0.5,
        "search",
        "ghe/",
    )
    assert ghe.history == History(seconds=7 * DAY)
    assert variable.token_env == "GITHUB_TOKEN"
    assert variable.history == History(start=1767225600)  # 2026-01-01T00:00:00Z
    assert app.app is not None
    assert (app.app.id, app.app.installation_id, app.app.key_file) == ("12345678", "42", "/run/secrets/app.pem")
    assert app.history == History(start=1767225600 + 10 * HOUR)  # noon at +02:00 is ten in UTC
    assert (demo.provider, demo.seed, demo.repositories) == ("demo", 7, 3)
    assert list(read.teams.items()) == [
        ("payments", ("ghe/acme/pay-*", "*/billing")),
        ("Platform & Tools", ("ghe/tools/*",)),
    ]
    assert read.origin.rules[0]["valid_from"] == date(2026, 1, 1)
    assert (read.origin.bots, read.origin.people) == (("acme-release",), ("jo[bot]",))
    assert read.review.left_out == ("*.lock", "gen/")
    assert read.review.abandoned_after == 7 * DAY
    assert read.findings.counted_after == 14 * DAY
    assert read.escapes.blame
    hours = read.calendar.default
    assert hours.holidays == (date(2026, 12, 25), date(2026, 12, 26))
    assert hours.clock == working_hours.WorkingHours(
        zone="Europe/Berlin",
        days=(0, 1, 2, 3),
        start=8 * HOUR,
        end=16 * HOUR + 1800,
        holidays=("2026-12-25", "2026-12-26"),
    )
    assert read.thresholds.seconds == {
        "review_wait_business": 16 * HOUR,
        "lead_time": 5 * DAY,
        "blind": 1800,
        "absorbed": 21 * DAY,
    }
    assert read.thresholds.changes == {"review_queue": 0, "review_queue_growth": 5, "samples": 12}
    assert read.series.budgets == {"sdlc_change_stage_seconds": 1000}
    assert read.series.repository_windows == ("7d", "90d")
    assert (read.log.level, read.log.format) == ("debug", "json")


def test_what_is_not_written_has_its_default() -> None:
    read = config(DEMO)
    assert read == Config(sources=read.sources)
    source = read.sources[0]
    assert (source.interval, source.rediscover, source.timeout, source.reserve) == (60, HOUR, 30, 0.2)
    assert source.history == History(seconds=400 * DAY)
    assert read.store.path is None
    assert (read.server.host, read.server.port) == ("127.0.0.1", 9517)
    assert read.review.abandoned_after == 14 * DAY
    assert read.findings.counted_after == 7 * DAY
    assert not read.escapes.blame
    assert read.series.repository_windows == ("28d",)
    assert read.thresholds.ratios == {
        "review_utilisation": 1.05,
        "review_queue_growth": 1.5,
        "unreviewed_merges": 0.2,
        "unreviewed_merges_rise": 0.1,
        "significance": 3.0,
        "agentic_wait": 2.0,
        "api_budget": 0.1,
        "coverage": 0.8,
        "first_attempt_failures_rise": 0.1,
        "flaky_runs": 0.03,
        "test_update": 0.5,
        "test_update_climbing": 0.4,
        "change_fail": 0.15,
        "ready_rise": 0.1,
        "ai_quality": 1.2,
        "escape_drift": 1.0,
        "qa_blocked": 0.25,
        "qa_named": 0.66,
    }
    assert read.tests.sprint == 14 * DAY
    assert (read.tests.productive_week, read.tests.most_of_a_day, read.tests.most_of_a_fix) == (
        32 * HOUR,
        8 * HOUR,
        4 * HOUR,
    )
    assert read.thresholds.changes == {"review_queue": 5, "review_queue_growth": 5, "samples": 30}


def test_one_threshold_can_be_set_and_the_others_stay() -> None:
    read = config(DEMO + "thresholds: {seconds: {lead_time: 3d}}")
    assert read.thresholds.seconds == {
        "review_wait_business": 24 * HOUR,
        "lead_time": 3 * DAY,
        "blind": HOUR,
        "absorbed": 21 * DAY,
    }


def test_a_team_takes_from_the_default_calendar_what_it_does_not_write() -> None:
    hours = config(FULL).calendar.teams["payments"]
    assert (hours.zone, hours.end) == ("America/New_York", "24:00")
    assert (hours.start, hours.days) == ("08:00", ("mon", "tue", "wed", "thu"))
    assert hours.closes == DAY


def test_a_value_written_as_nothing_is_absent_where_absence_is_allowed() -> None:
    """Templates write null for what is not set; beside an app this is no second credential."""
    read = config("""
        store: {path: state.db}
        sources:
          - {name: a, token_file: null, token_env: ~, include: ["a/*"], app: {id: 1, key_file: k.pem, installation_id:}}
    """)
    assert read.sources[0].token_file is None


# --- every misspelling, every wrong value ---


def _mappings(node: yaml.Node, path: str = "") -> Iterator[tuple[str, yaml.ScalarNode]]:
    """The keys whose names the configuration fixes, with the path of the mapping they stand in."""
    if isinstance(node, yaml.SequenceNode):
        for index, each in enumerate(node.value):
            yield from _mappings(each, f"{path}[{index}]")
    elif isinstance(node, yaml.MappingNode) and not re.match(r"teams$|origin\.rules\[|.*\.named$", path):
        for key, value in node.value:
            yield path, key
            yield from _mappings(value, f"{path}.{key.value}" if path else key.value)


KEYS = list(_mappings(yaml.compose(FULL, Loader=yaml.SafeLoader)))
VALID = {name for _, struct in sections(Config) for name in keys(struct)}


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(KEYS), st.data())
def test_any_single_misspelt_key_is_reported_with_its_path(
    place: tuple[str, yaml.ScalarNode], data: st.DataObject
) -> None:
    path, key = place
    at = data.draw(st.integers(0, len(key.value) - 1))
    wrong = data.draw(
        st.sampled_from([key.value[:at] + key.value[at + 1 :], key.value[:at] + key.value[at] + key.value[at:]])
    )
    if not wrong or wrong in VALID:
        return
    text = FULL[: key.start_mark.index] + wrong + FULL[key.end_mark.index :]
    said = faults(text)
    whole = f"{path}.{wrong}" if path else wrong
    assert any(sentence.startswith(f"c.yaml:{key.start_mark.line + 1}: {whole}: ") for sentence in said), said


def _values(node: yaml.Node) -> Iterator[yaml.Node]:
    yield node
    if isinstance(node, yaml.CollectionNode):
        for child in node.value:
            yield from _values(child[1] if isinstance(child, tuple) else child)


FLOW = yaml.safe_dump(yaml.safe_load(FULL), default_flow_style=True, width=10**6, sort_keys=False)
VALUES = list(_values(yaml.compose(FLOW, Loader=yaml.SafeLoader)))
ODD = (
    "",
    "null",
    "[]",
    "{}",
    "[[]]",
    "[a, a]",
    "{a: b}",
    "{a: {b: [c]}}",
    "7",
    "-1",
    "1.5",
    ".nan",
    "true",
    "x",
    "'' ",
    "2026-01-01",
    "2026-99-99",
    "!t x",
    "&a [*a]",
    "&b {<<: *b}",
    "'*/*'",
    "*/x",
    "1_0",
    "0x1f",
    "12:30:45",
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(VALUES), st.sampled_from(ODD))
def test_any_wrong_value_anywhere_is_a_fault_with_a_place_and_never_a_crash(node: yaml.Node, odd: str) -> None:
    text = FLOW[: node.start_mark.index] + odd + FLOW[node.end_mark.index :]
    said = ""
    try:
        config(text)
    except ConfigError as error:
        said = str(error)
    assert all(sentence.startswith("c.yaml:") for sentence in said.splitlines())


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab:-[]{}&*!|>'\"%@`#,?\n\t ~<=0.", max_size=40))
def test_text_that_is_no_configuration_is_refused_and_never_a_crash(text: str) -> None:
    with pytest.raises(ConfigError, match=r"c\.yaml"):
        config(text)


def test_nesting_without_end_is_refused() -> None:
    assert faults("[" * 1500) == ["c.yaml:1: is nested without end; write it in a few levels"]


# --- secrets ---

PASSWORD = "hunter2hunter2"
FORMS = ("{}", "'{}'", "[{}]", "{{x: {}}}", "'{}\n\n  x'", "*{}", "!{}", "'{}'  '", "|{}")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", ["token_file", "token_env", "token", "password", "app", "ca_file"])
def test_a_secret_in_a_wrong_place_is_never_told(key: str, form: str) -> None:
    text = f"sources:\n  - name: a\n    include: ['a/*']\n    history: 9\n    {key}: {form.format(PASSWORD)}\n"
    said = faults(text)
    assert said
    assert PASSWORD not in "\n".join(said)


def test_a_password_in_a_url_is_never_told() -> None:
    said = faults(f"sources: [{{name: a, token_env: GITHUB_TOKEN, url: 'https://jo:{PASSWORD}@ghe.example/graphql'}}]")
    assert PASSWORD not in "\n".join(said)


def test_a_warning_does_not_tell_what_may_be_the_secret_itself() -> None:
    read = config(f"sources: [{{name: a, token_file: {PASSWORD}, include: ['a/*'], history: 2026-01-01}}]")
    assert PASSWORD not in "\n".join(warnings(read))


# --- values ---


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("90s", 90), ("15m", 900), ("2h", 7200), ("180d", 15552000), ("2w", 1209600), ("1h30m", 5400), ("1d12h", 129600)],
)
def test_a_duration_is_a_sum_of_its_units(written: str, seconds: int) -> None:
    assert read_duration(written) == seconds


@given(st.integers(1, 10**9))
def test_a_duration_reads_back_as_it_is_written(seconds: int) -> None:
    assert read_duration(duration_text(seconds)) == seconds


@pytest.mark.parametrize("written", ["", "s", "-5m", "5 m", "5M", "1m1h", "5min", "500ms", "1y", "١s"])
def test_what_only_looks_like_a_duration_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        read_duration(written)


def test_history_counts_back_from_now_or_stays_at_its_date() -> None:
    assert History(seconds=100).resolve(now=1000) == 900
    assert History(start=500).resolve(now=1000) == 500
    assert str(History(seconds=400 * DAY)) == "400d"
    assert str(History(start=1767225600)) == "2026-01-01"


@pytest.mark.parametrize(
    ("listen", "host", "port"),
    [
        ("127.0.0.1:9517", "127.0.0.1", 9517),
        ("[::1]:80", "::1", 80),
        (":9517", "", 9517),
        ("localhost:0", "localhost", 0),
    ],
)
def test_an_address_falls_into_host_and_port(listen: str, host: str, port: int) -> None:
    assert (Server(listen=listen).host, Server(listen=listen).port) == (host, port)
    assert config(DEMO + f"server: {{listen: '{listen}'}}").server.listen == listen


@pytest.mark.parametrize(
    "url",
    [
        "https://api.github.com",
        "https://ghe.example/api/v3",
        "https://api.octocorp.ghe.com",
        "http://127.0.0.1:81",
        "http://localhost:81/api/v3",
        "http://[::1]:81",
    ],
)
def test_the_root_of_an_api_is_accepted_with_and_without_a_slash_at_its_end(url: str) -> None:
    for written in (url, f"{url}/"):
        text = (
            f"sources: [{{name: a, token_env: GITHUB_TOKEN, include: ['a/*'], history: 2026-01-01, url: '{written}'}}]"
        )
        assert config(text).sources[0].url == url


NAMES = st.text(alphabet="ab/", min_size=1, max_size=4)
GLOBS = st.text(alphabet="ab/*?", min_size=1, max_size=4)


@settings(max_examples=500, deadline=None)
@given(GLOBS, GLOBS, NAMES)
def test_a_glob_that_covers_another_matches_all_the_other_matches(wide: str, narrow: str, name: str) -> None:
    if covers(wide, narrow) and fnmatchcase(name, narrow):
        assert fnmatchcase(name, wide)


def test_two_forges_may_share_names_when_one_has_a_prefix_or_leaves_them_out() -> None:
    one = "  - {name: one, token_env: GITHUB_TOKEN, include: ['acme/*'], %s}\n"
    two = "  - {name: two, token_env: GITHUB_TOKEN, include: ['acme/shop'], url: 'https://ghe.example/api/v3', %s}\n"
    start = "store: {path: s.db}\nsources:\n"
    assert len(faults(start + one % "forks: false" + two % "forks: false")) == 1
    assert config(start + one % "forks: false" + two % "repository_prefix: ghe/").sources
    assert config(start + one % "exclude: ['acme/shop']" + two % "forks: false").sources
    assert config(start + one % "topics: [a]" + two % "topics: [b]").sources
    assert len(faults(start + one % "topics: [a, b]" + two % "topics: [b]")) == 1


def test_metric_names_go_unchecked_without_a_catalogue() -> None:
    text = DEMO + "series: {budgets: {sdlc_no_such_metric: 1}}"
    assert parse(text, "c.yaml", {}).series.budgets == {"sdlc_no_such_metric": 1}
    assert faults(text) == [
        "c.yaml:2: series.budgets.sdlc_no_such_metric: no such metric; docs/metrics.md lists them",
    ]


def test_every_struct_is_frozen_and_refuses_unknown_keys() -> None:
    for _, struct in sections(Config):
        assert struct.__struct_config__.frozen
        assert struct.__struct_config__.forbid_unknown_fields


# --- files ---


def test_relative_paths_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "store: {path: data/state.db}\n"
        "sources: [{name: a, token_file: /run/token, ca_file: ca.pem, include: ['a/*']}]\n"
    )
    read = load(path, {})
    assert read.store.path == f"{tmp_path}/data/state.db"
    assert read.sources[0].ca_file == f"{tmp_path}/ca.pem"
    assert read.sources[0].token_file == "/run/token"


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    with pytest.raises(ConfigError, match=r"c\.yaml: cannot be read: No such file or directory; "):
        load(path, {})
    path.write_bytes(b"sources: \xff")
    with pytest.raises(ConfigError, match=r"c\.yaml: byte 10 is not UTF-8; "):
        load(path, {})
    path.write_bytes(b"\xef\xbb\xbf" + DEMO.encode())
    assert load(path, {}).sources


ROW = "name: {}, tool: acme, class: agentic, logins: [{}-agent]"


def test_rules_of_a_file_stand_behind_those_written_inline(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(f"- {{{ROW.format('second', 'b')}}}\n")
    path = tmp_path / "c.yaml"
    path.write_text(f"{DEMO}origin: {{rules_file: rules.yaml, rules: [{{{ROW.format('first', 'a')}}}]}}\n")
    assert [rule["name"] for rule in load(path, {}).origin.rules] == ["first", "second"]


def test_a_fault_in_the_rules_file_names_that_file_and_line(tmp_path: Path) -> None:
    rules, path = tmp_path / "rules.yaml", tmp_path / "c.yaml"
    path.write_text(f"{DEMO}origin: {{rules_file: rules.yaml, rules: [{{{ROW.format('first', 'a')}}}]}}\n")
    rules.write_text(f"rules:\n  - {{{ROW.format('good', 'b')}}}\n  - {{{ROW.format('odd', 'c')}, color: red}}\n")
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert str(caught.value).startswith(f"{rules}:3: [1]: (odd): unknown key 'color'; ")
    rules.write_text("rules: acme")
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert str(caught.value).startswith(f"{rules}:1: is text, not a list; ")
    rules.unlink()
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert str(caught.value) == (
        f"{path}:2: origin.rules_file: cannot be read: No such file or directory; "
        "name a readable YAML file, or remove the line"
    )


def test_the_fingerprint_changes_with_the_file_and_with_its_rules_file_and_with_nothing_else(tmp_path: Path) -> None:
    path, rules = tmp_path / "c.yaml", tmp_path / "rules.yaml"
    seen = [fingerprint(path)]
    for text in (DEMO, f"{DEMO}origin: {{rules_file: rules.yaml}}", f"{DEMO}origin: {{rules_file: rules.yaml}} "):
        path.write_text(text)
        seen.append(fingerprint(path))
    for text in ("[]", "[ ]"):
        rules.write_text(text)
        seen.append(fingerprint(path))
    path.write_text("sources: [")
    seen.append(fingerprint(path))
    assert len(set(seen)) == len(seen)
    (tmp_path / "other.yaml").write_text("x")
    assert fingerprint(path) == seen[-1]


# --- warnings ---


def test_what_is_allowed_and_hardly_meant_is_warned_of() -> None:
    read = config("""
        store: {path: /tmp/state.db}
        sources:
          - {name: old, token_file: /no/such/file, include: ["a/*"], history: 2000d}
          - {name: older, token_env: GITHUB_TOKEN, include: ["b/*"], history: 2010-01-01}
          - {name: ahead, token_env: GITHUB_TOKEN, include: ["c/*"], history: 2030-01-01, interval: 29s}
          - {name: rare, token_env: GITHUB_TOKEN, include: ["d/*"], interval: 55m}
          - {name: often, token_env: GITHUB_TOKEN, include: ["e/*"], interval: 54m}
        teams: {all-of-a: ["a/*"], shop: ["a/shop"]}
    """)
    said = warnings(read, now=1767225600)  # 2026-01-01, which is 5844 days after 2010-01-01
    assert said == [
        "source old: token_file names a file that is not there (yet); nothing is read until it is",
        "source old: history goes back 2000 days; more than five years loads for long",
        "source older: history goes back 5844 days; more than five years loads for long",
        "source ahead: an interval of 29s costs more requests than it shows; write 30s or more",
        "source ahead: history begins in the future; nothing is counted until then",
        # 55 minutes and the 5 that search may be behind are the hour of the default
        "source rare: polled every 55m its data is older than 1h, so alerts call it blind; "
        "raise thresholds.seconds.blind",
        "team shop: gets no repository, the first match decides and all-of-a stands above it",
        "store: /tmp/state.db is emptied when the machine or container restarts; choose a lasting disk",
    ]


def test_a_configuration_without_oddities_has_no_warnings(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("x")
    text = f"store: {{path: /var/lib/s.db}}\nsources: [{{name: a, token_file: {tmp_path}/token, include: ['a/*']}}]"
    assert warnings(config(text), now=1767225600) == []
    assert warnings(config(DEMO)) == []


def test_a_store_whose_folder_is_missing_is_warned_of(tmp_path: Path) -> None:
    text = "sources: [{{name: a, token_env: GITHUB_TOKEN, include: ['a/*']}}]\nstore: {{path: {}}}"
    assert warnings(config(text.format("/nowhere/at/all/state.db"))) == [
        "store: the folder of /nowhere/at/all/state.db is not there (yet); make it, and give it to the exporter's user"
    ]
    assert warnings(config(text.format("/var/lib/state.db"))) == []


def test_a_missing_store_is_warned_of_where_there_is_something_to_lose() -> None:
    text = "sources: [{name: a, token_env: GITHUB_TOKEN, include: ['a/*'], history: 2026-01-01}]"
    assert warnings(config(text)) == ["store: no path is set; every start loads the whole history again"]


def test_a_history_without_a_whole_baseline_is_warned_of() -> None:
    """Fourteen weeks before 2026-06-01 is 2026-02-23: the day itself is early enough, a day later is not."""
    text = """
        sources: [{{name: demo, provider: github, token_env: GITHUB_TOKEN, include: ['a/*'], history: {}}}]
        store: {{path: /var/lib/state.db}}
        teams: {{shop: ["a/*"]}}
        diagnosis: {{{}: {}}}
    """
    assert warnings(config(text.format("2026-02-23", "adoption_date", "2026-06-01"))) == []
    remedy = "so there is no whole baseline; write history: 2026-02-23 or earlier before the first start"
    for key, value, place in (
        ("adoption_date", "2026-06-01", "diagnosis.adoption_date"),
        ("team_adoption_dates", "{shop: 2026-06-01}", "diagnosis.team_adoption_dates.shop"),
    ):
        assert warnings(config(text.format("2026-02-24", key, value))) == [
            f"source demo: its history begins less than 14 weeks before {place}, 2026-06-01, {remedy}"
        ]


# --- reference ---


def test_the_reference_is_what_the_code_says() -> None:
    """Regenerate with: python -c 'from exporter.render.configuration import *; print(render_reference(), end="")'."""
    assert (Path(__file__).parent.parent / "docs" / "configuration.md").read_text() == render_reference()


def test_the_example_of_the_reference_is_a_configuration() -> None:
    assert config(EXAMPLE).sources[0].name == "acme-github"


def test_every_key_has_a_meaning_in_the_reference() -> None:
    reference = render_reference()
    for path, struct in sections(Config):
        assert issubclass(struct, msgspec.Struct)
        for key in keys(struct).values():
            assert key.meaning.endswith("."), f"{path}.{key.name}"
            assert f"| `{key.name}` |" in reference


@pytest.mark.parametrize(
    "url", ["https://ci.acme.example", "https://acme.example/jenkins/", "https://acme.example:8443/ci"]
)
def test_a_service_is_named_by_the_address_that_people_open(url: str) -> None:
    text = f"""\
        store: {{path: /var/lib/state.db}}
        sources:
          - {{name: forge, provider: gitlab, url: "https://git.acme.example", token_env: GITHUB_TOKEN,
             groups: [acme], streams: []}}
          - {{name: ci, provider: jenkins, url: "{url}", token_env: GITHUB_TOKEN, of: forge, folders: [acme]}}
    """
    assert [each.url for each in config(text).sources] == ["https://git.acme.example", url.rstrip("/")]
