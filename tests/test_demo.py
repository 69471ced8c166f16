"""The pretend organisation: the same story for everybody who asks, and the story it is meant to tell."""

import fnmatch
import hashlib
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import exporter.demo
from exporter.catalogue import DAY, HOUR, load
from exporter.change import Change
from exporter.demo import CAUSES, HORIZON, Organisation
from exporter.demo.cast import AGENTS, ASSISTANTS, TEAMS
from exporter.markers import marker_lines, trailer_lines
from exporter.measures.queue import standing
from exporter.model import (
    Closed,
    Commented,
    Committed,
    Contained,
    Described,
    Dismissed,
    FilesChanged,
    IssueClosed,
    Labelled,
    Merged,
    Opened,
    Origin,
    Pushed,
    QueueState,
    Ran,
    Ready,
    Referred,
    Reopened,
    Result,
    Reviewed,
    ReviewRequested,
    Thing,
)
from exporter.policy import Policy, compile_rules, packaged

POLICY = Policy(compile_rules(packaged()))
START = int(datetime(2026, 1, 1, 14, 35, tzinfo=UTC).timestamp())
NOW = START + 180 * DAY
SMALL = Organisation(start=START, repositories=3)


NAMES = {repository.key: repository.name for repository in Organisation(start=START).all_repositories()}


def team(told):
    return TEAMS[NAMES[told.subject.repository].removeprefix("acme/").partition("-")[0]]


def facts(told):
    return {(change.subject, event) for change in told for event in change.events}


class Story:
    """Half a year of an organisation, and what the measures make of it."""

    def __init__(self, seed):
        self.told = list(Organisation(start=START, seed=seed).told(0, NOW))
        self.changes = [Change(change.events, POLICY) for change in self.told]
        self.seen = [
            (change, row)
            for change in self.changes
            for measure in load()
            for row in measure.observe(change, POLICY)
            if row.at <= NOW
        ]

    def rows(self, name, first, last, *labels):
        """The observations of a metric between two days of the story, with these first labels."""
        begin, end = START + first * DAY, START + last * DAY
        return [
            row
            for _, row in self.seen
            if row.metric == name and begin < row.at <= end and row.labels[: len(labels)] == labels
        ]

    def values(self, name, first, last, *labels):
        return [row.value for row in self.rows(name, first, last, *labels)]

    def stage(self, stage, first, last):
        rows = self.rows("sdlc_change_stage_seconds", first, last)
        return median(row.value for row in rows if row.labels[1] == stage)

    def waiting(self, day):
        """How many changes await a first review on a day of the story."""
        at = START + day * DAY
        then = [standing(change.at(at)) for change in self.changes if change.opened.at <= at]
        return sum(each is not None and each.state is QueueState.AWAITING_REVIEW for each in then)


@pytest.fixture(scope="module", params=[1, 2])
def story(request):
    return Story(request.param)


def digest(told):
    return hashlib.sha256(repr(list(told)).encode()).hexdigest()


def test_another_process_tells_the_same_story():
    """What is told does not depend on the process that tells it: a restart goes on where the last one stopped."""
    code = (
        "import hashlib\n"
        "from exporter.demo import Organisation\n"
        f"told = list(Organisation(start={START}, repositories=3).told(0, {START + 30 * DAY}))\n"
        "print(hashlib.sha256(repr(told).encode()).hexdigest())\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": os.pathsep.join(sys.path)}
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert asked.stdout.strip() == digest(SMALL.told(0, START + 30 * DAY))


def test_another_seed_tells_another_story():
    """The seed alone makes the difference."""
    until = START + 10 * DAY
    told = [digest(Organisation(start=START, repositories=3, seed=seed).told(0, until)) for seed in (1, 1, 2)]
    assert told[0] == told[1] != told[2]


def test_more_repositories_leave_the_story_of_the_others_as_it_was():
    """Adding a repository changes nothing in the existing ones."""
    until = START + 20 * DAY
    others = {repository.key for repository in SMALL.all_repositories()}
    more = Organisation(start=START, repositories=5).told(0, until)
    assert facts(SMALL.told(0, until)) == {fact for fact in facts(more) if fact[0].repository in others}


LATEST = START + 120 * DAY
TIMES = sorted({event.at for _, event in facts(SMALL.told(0, LATEST))})
# Half of them at the very second of a fact, or one before.
MOMENTS = st.integers(START - DAY, LATEST) | st.builds(int.__sub__, st.sampled_from(TIMES), st.integers(0, 1))


@settings(max_examples=25, deadline=None)
@given(st.tuples(MOMENTS, MOMENTS, MOMENTS).map(sorted))
def test_asking_twice_tells_what_asking_once_tells(moments):
    """told(a, c) is told(a, b) and told(b, c)."""
    a, b, c = moments
    assert not facts(SMALL.told(a, c)) ^ (facts(SMALL.told(a, b)) | facts(SMALL.told(b, c)))


@settings(max_examples=15, deadline=None)
@given(st.tuples(MOMENTS, MOMENTS, MOMENTS).map(sorted))
def test_asking_twice_for_runs_deployments_and_tickets_tells_what_asking_once_tells(moments):
    """delivered(a, c) is delivered(a, b) and delivered(b, c)."""
    a, b, c = moments
    once = facts(SMALL.delivered(a, c))
    assert not once ^ (facts(SMALL.delivered(a, b)) | facts(SMALL.delivered(b, c)))


def test_what_is_delivered_hangs_together():
    """Runs are for commits of changes or merges, deployments contain merges, tickets are closed by changes."""
    heads = {
        event.sha for told in SMALL.told(0, LATEST) for event in told.events if isinstance(event, Committed | Merged)
    }
    merges = {event.sha for told in SMALL.told(0, LATEST) for event in told.events if isinstance(event, Merged)}
    numbers = {told.subject.number for told in SMALL.told(0, LATEST)}
    delivered = list(SMALL.delivered(0, LATEST))
    assert {told.subject.thing for told in delivered} == set(Thing) - {Thing.CHANGE}
    events = [event for told in delivered for event in told.events]
    assert {event.sha for event in events if isinstance(event, Ran)} <= heads
    assert {sha for event in events if isinstance(event, Contained) for sha in event.shas} <= merges
    assert {event.by for event in events if isinstance(event, IssueClosed) and event.by} <= numbers
    for told in delivered:
        assert len({event.id for event in told.events}) == len(told.events)


def test_every_merge_is_shipped_once_and_in_order():
    """The trains of a line take up where the one before left off; of the first, nobody knows what was aboard."""
    shipped = {}
    for told in SMALL.delivered(0, LATEST):
        for event in told.events:
            if isinstance(event, Contained):
                shipped.setdefault((told.subject.repository, event.id.split(":")[1]), []).append(event)
    merges = {}
    for told in SMALL.told(0, LATEST - 30 * DAY):
        for event in told.events:
            if isinstance(event, Merged):
                merges.setdefault(told.subject.repository, {})[event.sha] = event.at
    assert {environment for _, environment in shipped} == {"staging", "production", "release"}
    for (repository, _), trains in shipped.items():
        first, *later = trains
        assert (first.base, first.shas, first.whole, first.since) == ("", (), False, 0)
        shas = [sha for event in later for sha in event.shas]
        assert len(shas) == len(set(shas))
        assert {sha for sha, at in merges[repository].items() if at > first.at} <= set(shas)
        assert [event.since for event in later] == [event.at for event in trains[:-1]]
        assert [event.base for event in later[1:]] == [event.shas[-1] for event in later[:-1]]


def last_month(causes):
    """All facts of the last thirty days of half a year, subject by subject."""
    organisation = Organisation(start=START, causes=causes)
    told = [*organisation.told(NOW - 30 * DAY, NOW), *organisation.delivered(NOW - 30 * DAY, NOW)]
    return [[event for event in each.events if event.at > NOW - 30 * DAY] for each in told]


def red_share(month):
    """First attempts on change branches that failed."""
    first = {event.id: event for facts in month for event in facts if isinstance(event, Ran) and event.attempt == 1}
    results = [event.result == Result.FAILURE for event in first.values() if not event.default]
    return sum(results) / len(results)


def qa_hours(month):
    """Median time from the label that QA has it to its removal."""
    spans = []
    for facts in month:
        at = {event.id: event.at for event in facts if isinstance(event, Labelled)}
        if "qa:on" in at and "qa:off" in at:
            spans.append((at["qa:off"] - at["qa:on"]) / HOUR)
    return median(spans)


def count(kind, word=""):
    return lambda month: sum(isinstance(event, kind) and word in event.id for facts in month for event in facts)


@pytest.mark.parametrize(
    ("cause", "shown", "least"),
    [
        ("tests", red_share, 1.5),
        ("escapes", count(Referred), 1.5),
        ("qa", qa_hours, 2.0),
        ("releases", lambda month: 1 / count(Contained, "production")(month), 1.5),
    ],
)
def test_a_cause_shows_when_and_only_when_it_is_at_work(cause, shown, least):
    """Each cause alone moves its own sign by a factor, and all the others leave that sign about where it was."""
    none, alone = shown(last_month(())), shown(last_month((cause,)))
    others = shown(last_month(tuple(each for each in CAUSES if each != cause)))
    assert alone / none > least
    assert 1 / 1.35 < others / none < 1.35


@settings(max_examples=15, deadline=None)
@given(st.tuples(MOMENTS, MOMENTS).map(sorted))
def test_an_answer_holds_just_the_changes_to_which_something_happened(moments):
    """told(a, b) are the changes of the whole story with a fact in (a, b], with all their facts up to b."""
    a, b = moments
    stirred = [change for change in SMALL.told(0, b) if any(a < event.at <= b for event in change.events)]
    assert list(SMALL.told(a, b)) == stirred
    assert all(event.at <= b for change in stirred for event in change.events)


def test_asking_from_the_second_of_a_fact_leaves_it_out_and_from_the_one_before_tells_it():
    """Of (since, until] only ``until`` belongs to the question."""
    moments = [at for at in TIMES if START + 50 * DAY < at < START + 51 * DAY]
    assert moments
    for at in moments:
        assert all(change.events[-1].at == at for change in SMALL.told(at - 1, at))
        assert facts(SMALL.told(at - 1, at))
        assert all(change.events[-1].at > at for change in SMALL.told(at, at + HOUR))


@pytest.mark.parametrize(("horizon", "seed"), [(60, 98), (3, 99)])
def test_no_story_goes_on_past_the_horizon(monkeypatch, horizon, seed):
    """Asked day by day, all that is ever told is told: what would come after the horizon never happens."""
    monkeypatch.setattr(exporter.demo, "HORIZON", horizon)
    organisation = Organisation(start=START, repositories=3, seed=seed)
    days = range(START, LATEST, DAY)
    daily = [facts(organisation.told(day, day + DAY)) for day in days]
    assert not facts(organisation.told(0, LATEST)) ^ set().union(*daily)


def test_minute_by_minute_the_same_story_is_told():
    """A process that asks often learns what one that asks once learns."""
    begin = START + 40 * DAY
    often = set()
    for minute in range(0, 600, 5):
        often |= facts(SMALL.told(begin + minute * 60, begin + (minute + 5) * 60))
    assert often == facts(SMALL.told(begin, begin + 600 * 60))
    assert often


def test_nothing_happens_before_the_start(story):
    """The story begins at its start; only author dates reach back, and no further than is believed."""
    assert list(Organisation(start=START).told(0, START)) == []
    events = [event for change in story.told for event in change.events]
    assert min(event.at for event in events) >= START
    assert min(event.authored for event in events if isinstance(event, Committed)) >= START - 90 * DAY
    assert max(event.at for event in events) <= NOW


def test_a_change_has_one_key_and_each_of_its_facts_one_id(story):
    """Nothing is told under an id that something else has."""
    assert len({change.subject.key for change in story.told}) == len(story.told)
    assert len({(change.subject.repository, change.subject.number) for change in story.told}) == len(story.told)
    for change in story.told:
        assert len({event.id for event in change.events}) == len(change.events)


def test_facts_look_like_those_of_a_forge(story):
    """A change begins with its opening, commits are never older, and a merge brings its closing and its files."""
    for change in story.told:
        opened = change.events[0]
        assert isinstance(opened, Opened)
        assert opened.id == "opened"
        commits = [event for event in change.events if isinstance(event, Committed)]
        assert commits
        assert all(commit.id == f"commit:{commit.sha}" and commit.authored <= commit.at for commit in commits)
        assert [event.id for event in change.events if isinstance(event, Described)] == [f"body@{opened.at}"]
        merged = [event for event in change.events if isinstance(event, Merged)]
        files = [event for event in change.events if isinstance(event, FilesChanged)]
        assert [(event.id, event.at) for event in files] == [("files", event.at) for event in merged]
        assert all(list(event.files) == sorted(event.files) for event in files)
        if merged:
            assert any(isinstance(event, Closed) and event.at == merged[0].at for event in change.events)
        assert all(event.at <= opened.at + HORIZON * DAY for event in change.events)
        for event in change.events:
            if isinstance(event, Dismissed):
                assert any(isinstance(each, Reviewed) and each.id == event.review for each in change.events)


def test_every_turn_a_review_can_take_is_taken(story):
    """Drafts, bots' comments, asking again, lost approvals, rebases, closing and opening again, taking back."""
    kinds = {type(event) for change in story.told for event in change.events}
    assert kinds >= {Ready, ReviewRequested, Dismissed, Pushed, Reopened, Closed, Commented}
    requests = Counter(
        (change.subject, event.reviewer)
        for change in story.told
        for event in change.events
        if isinstance(event, ReviewRequested)
    )
    assert max(requests.values()) > 1
    assert any(change.is_revert(NOW) for change in story.changes)
    assert max(story.values("sdlc_change_review_rounds", 0, 180)) >= 2


def test_what_marks_a_change_is_what_a_forge_reader_would_keep():
    """The marks are lines that reading a description or a commit message keeps as they are."""
    for writer in AGENTS + ASSISTANTS:
        assert marker_lines("\n".join(writer.description)) == writer.description
        assert trailer_lines("\n".join(writer.trailers)) == writer.trailers
    assert marker_lines("Reverts acme/web-shop#17") == ("Reverts acme/web-shop#17",)


def test_the_shipped_rules_find_every_tool(story):
    """Each way of writing is recognised by its marks, and no person's change is taken for a tool's."""
    tools = {row.labels[0] for row in story.rows("sdlc_ai_changes_total", 0, 180)}
    assert tools == {"claude-code", "copilot", "codex", "devin", "cursor"}
    branches = ("copilot/", "claude/", "codex/", "devin/", "cursor/")
    for change in story.changes:
        assert (change.origin(NOW) is Origin.AGENTIC) == change.opened.head.startswith(branches)


def test_people_review_in_their_working_hours_and_never_their_own_change(story):
    """Reviews by people land between 9 and 18 local time on weekdays, by a team mate of the author."""
    reviews = 0
    for told, change in zip(story.told, story.changes, strict=True):
        for event in change.events:
            if isinstance(event, Reviewed) and POLICY.rules.is_reviewer_person(event.reviewer):
                local = datetime.fromtimestamp(event.at + team(told).offset * HOUR, UTC)
                assert local.weekday() < 5
                assert 9 <= local.hour < 18
                assert event.reviewer.login in team(told).cast
                assert event.reviewer != change.opened.author
                reviews += 1
    assert reviews > 2000


def test_dependency_bots_come_on_monday_mornings(story):
    """Their changes are opened on Mondays from five to seven, local time."""
    updates = 0
    for told, change in zip(story.told, story.changes, strict=True):
        if change.origin(NOW) is Origin.BOT:
            opened = datetime.fromtimestamp(change.opened.at + team(told).offset * HOUR, UTC)
            assert opened.weekday() == 0
            assert opened.hour in (5, 6)
            updates += 1
    assert updates > 100


def test_a_working_day_brings_25_to_40_changes(story):
    """The whole organisation opens that many, one of its repositories far more than the others, one hardly any."""
    days = 180 * 5 / 7
    assert 25 <= len(story.told) / days <= 40
    by_repository = Counter(change.subject.repository for change in story.told)
    assert by_repository.most_common(1)[0][0] == "demo:R2"
    assert by_repository["demo:R2"] > 2 * by_repository["demo:R1"]
    assert 0 < by_repository["demo:R11"] < 20


def test_the_share_of_ai_grows_from_a_twentieth_to_most_changes(story):
    """About 5 % of the first weeks' changes carry a mark, about 60 % of the last weeks'."""
    shares = []
    for first, last in ((0, 28), (152, 180)):
        opened = Counter(row.labels[0] for row in story.rows("sdlc_changes_opened_total", first, last))
        people = opened.total() - opened[Origin.BOT]
        shares.append((opened[Origin.AGENTIC] + opened[Origin.ASSISTED]) / people)
    assert 0.02 <= shares[0] <= 0.12
    assert 0.5 <= shares[1] <= 0.7


def test_more_changes_ask_for_review_and_no_more_are_reviewed_in_time(story):
    """Arrivals grow by about a third, and the number of changes that wait at least doubles."""
    first, last = (story.values("sdlc_changes_opened_total", day, day + 28) for day in (0, 152))
    assert 1.1 <= len(last) / len(first) <= 1.6
    before, after = (sum(story.waiting(day) for day in days) for days in ((21, 28, 35), (166, 173, 180)))
    assert after >= 2 * before


def test_code_is_written_faster_and_waits_longer(story):
    """Coding falls, the wait for a review rises from a few hours to most of a day: the gain is absorbed."""
    assert story.stage("coding", 152, 180) < 0.8 * story.stage("coding", 0, 28)
    first, last = (median(story.values("sdlc_change_review_wait_seconds", day, day + 28)) for day in (0, 152))
    assert 2 * HOUR <= first <= 6 * HOUR
    assert 16 * HOUR <= last <= 28 * HOUR
    lead = [median(story.values("sdlc_change_lead_time_seconds", day, day + 28)) for day in (0, 152)]
    assert lead[1] > 0.9 * lead[0]


def test_review_is_skipped_more_often_and_agents_changes_are_thrown_away_more_often(story):
    """The share of merges without a review doubles; an agent's change ends unmerged more often than a person's."""
    shares = []
    for first, last in ((0, 56), (124, 180)):
        merged = [row for row in story.rows("sdlc_changes_merged_total", first, last) if row.labels[0] != Origin.BOT]
        shares.append(sum(row.labels[1] == "no" for row in merged) / len(merged))
    assert 0.02 <= shares[0] <= 0.08
    assert 0.09 <= shares[1] <= 0.16
    dropped = {
        origin: len(story.rows("sdlc_changes_abandoned_total", 0, 180, origin))
        / len(story.rows("sdlc_changes_opened_total", 0, 180, origin))
        for origin in (Origin.AGENTIC, Origin.UNMARKED)
    }
    assert dropped[Origin.AGENTIC] > 1.5 * dropped[Origin.UNMARKED]


def test_changes_get_bigger(story):
    """The median of changed lines grows by half."""
    first, last = (median(story.values("sdlc_change_size_lines", day, day + 56)) for day in (0, 124))
    assert last > 1.4 * first


def test_stages_add_up_from_the_first_author_date_to_the_merge(story):
    """No stage is negative, and together they are the time from the first commit to the merge."""
    totals = {}
    for change, row in story.seen:
        if row.metric == "sdlc_change_stage_seconds":
            assert row.value >= 0
            totals[id(change)] = totals.get(id(change), 0) + row.value
    assert len(totals) > 2000
    for change in story.changes:
        if id(change) in totals:
            authored = [event.authored for event in change.events if isinstance(event, Committed)]
            merged = next(event for event in change.events if isinstance(event, Merged))
            assert totals[id(change)] == merged.at - min(*authored, change.opened.at)


def test_repositories_carry_their_team_in_their_name():
    """A glob per team finds all of them, whatever their number; no two share a key or a name."""
    repositories = Organisation(start=START, repositories=30).all_repositories()
    globs = ("acme/pay-*", "acme/web-*", "acme/data-*", "acme/platform-*")
    assert [repository.key for repository in repositories[:3]] == ["demo:R1", "demo:R2", "demo:R3"]
    assert [repository.name for repository in repositories[:3]] == ["acme/pay-api", "acme/web-shop", "acme/data-ingest"]
    assert repositories[12].name == "acme/pay-api-2"
    assert len({repository.key for repository in repositories}) == len({each.name for each in repositories}) == 30
    for repository in repositories:
        assert sum(fnmatch.fnmatch(repository.name, glob) for glob in globs) == 1
