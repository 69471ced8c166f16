"""Issues, deployments, releases, tags, comparisons, projects, and the keys that name them, of GitLab."""

import json

import pytest

from exporter.model import (
    Deployed,
    IssueClosed,
    IssueOpened,
    IssueReopened,
    Labelled,
    Noted,
    Stream,
    Subject,
    Thing,
    Worked,
)
from exporter.providers.answers import stamp
from exporter.providers.base import Gap, Home, Response, Success, Wanted
from exporter.providers.gitlab.client import GitLab
from exporter.providers.gitlab.compare import compare, lines
from exporter.providers.gitlab.deployments import Deployments
from exporter.providers.gitlab.issues import Issues
from exporter.providers.gitlab.options import Options, Scopes, fault, scopes
from exporter.providers.gitlab.stirring import stirred
from exporter.providers.service import Setup
from exporter.retro import RetroRules

START = 1_746_057_600
HOME = Home("7", "acme/shop", "main")


def at(hours):
    return START + 3600 * hours


def answer(body, status=200):
    return Response(status, {}, json.dumps(body).encode())


# --- which groups and projects ---


@pytest.mark.parametrize(
    ("groups", "include", "found"),
    [
        (["acme"], [], (("acme",), ())),
        ([], ["acme/*"], (("acme",), ())),
        ([], ["acme/platform/*", "acme/shop", "acme/platform/api"], (("acme/platform",), ("acme/shop",))),
        (["acme", "acme/platform"], ["other/web"], (("acme",), ("other/web",))),
        (["acme"], ["*/shop*"], (("acme",), ())),
    ],
)
def test_groups_are_those_named_or_those_that_globs_begin_with(groups, include, found):
    setup = Setup(include=tuple(include), options=Options(groups=tuple(groups)))
    assert tuple(scopes(setup)) == found
    assert fault(setup) == ""


def test_a_source_that_names_nothing_says_what_to_write():
    assert fault(Setup(options=Options())) == "selects nothing; write groups, such as [acme], or include"
    assert fault(Setup(include=("*/shop",), options=Options())) == (
        "include has '*/shop', which leaves the group open; write groups"
    )


def test_projects_are_listed_page_by_page_and_named_ones_singly():
    client = GitLab(Setup(include=("acme/*", "other/web"), options=Options()))
    group, single = client.repositories()
    rows = [{"id": n, "path_with_namespace": f"acme/p{n}"} for n in range(100)]
    page = group.read(answer(rows))
    assert (len(page.repositories), len(page.then)) == (100, 1)
    assert "page=2" in page.then[0].path
    assert single.path == "/api/v4/projects/other%2Fweb"
    (fault,) = single.read(answer({}, 404)).faults
    assert (fault.repository, fault.reason) == ("other/web", "not_found")


# --- issues ---


def issue(**more):
    return {
        "id": 900, "iid": 5, "project_id": 7, "created_at": stamp(START), "updated_at": stamp(START), "state": "opened",
        "labels": [], "issue_type": "issue", "references": {"full": "acme/shop#5"}, "_links": {},
    } | more  # fmt: skip


def issues_of(row, labels=(), states=(), retro=RetroRules(labels=("retro",))):  # noqa: B008 - it is frozen
    """The facts that a list and what it leads to tell of one issue."""
    (request,) = Issues("", Scopes(("acme",), ()), retro).since([HOME], START)
    page = request.read(answer([row, row | {"project_id": 8}]))
    for rows in (labels, states):
        if page.then:
            page = page.then[0].read(answer(list(rows)))
    (told,) = page.told
    return told.events


def test_an_issue_that_nobody_touched_is_told_by_its_list():
    opened, _ = issues_of(issue(issue_type="incident"))
    assert opened == IssueOpened("opened", START, "incident", 5)


def test_a_label_is_dated_when_it_was_put_on_and_taken_off_though_it_is_gone():
    labels = [
        {"id": 1, "created_at": stamp(at(1)), "action": "add", "label": {"name": "QA"}},
        {"id": 2, "created_at": stamp(at(3)), "action": "remove", "label": {"name": "QA"}},
        {"id": 3, "created_at": stamp(at(4)), "action": "add", "label": None},
    ]
    events = issues_of(issue(updated_at=stamp(at(4))), labels)
    assert [each for each in events if isinstance(each, Labelled)] == [
        Labelled("label:1", at(1), "qa", True),
        Labelled("label:2", at(3), "qa", False),
    ]


def test_closings_and_openings_have_their_dates_and_a_duplicate_is_not_done():
    states = [
        {"id": 1, "created_at": stamp(at(1)), "state": "closed"},
        {"id": 2, "created_at": stamp(at(2)), "state": "reopened"},
        {"id": 3, "created_at": stamp(at(5)), "state": "closed"},
    ]
    row = issue(updated_at=stamp(at(5)), state="closed", closed_at=stamp(at(5)))
    events = issues_of(row, (), states)
    assert [(each.at, each.done) for each in events if isinstance(each, IssueClosed)] == [(at(1), True), (at(5), True)]
    assert [each.at for each in events if isinstance(each, IssueReopened)] == [at(2)]
    doubled = issues_of(row | {"_links": {"closed_as_duplicate_of": "x"}})
    assert [(each.at, each.done) for each in doubled if isinstance(each, IssueClosed)] == [(at(5), False)]


def test_a_retrospective_is_one_from_its_label_on():
    labels = [{"id": 1, "created_at": stamp(at(1)), "action": "add", "label": {"name": "Retro"}}]
    events = issues_of(issue(updated_at=stamp(at(1)), description="QA was ill.", labels=["Retro"]), labels)
    assert [each for each in events if isinstance(each, Noted)] == [Noted("noted", at(1), ("qa",))]


# --- deployments ---

WANTED = Wanted("7", START, START - 3600, START - 3600, released=True, tag=r"v.*")


def deployment(number, status, hours, name="production", tier=None, **more):
    return {
        "id": number, "iid": number, "sha": "a" * 40, "status": status, "created_at": stamp(at(hours)),
        "updated_at": stamp(at(hours + 1)), "environment": {"name": name, "tier": tier},
    } | more  # fmt: skip


def deployed(*rows):
    return Deployments("").latest(WANTED, "deployments").read(answer(list(rows)))


def test_ends_are_told_and_what_goes_on_or_waits_for_approval_is_found():
    page = deployed(
        deployment(1, "success", 2, deployable={"finished_at": stamp(at(3))}),
        deployment(2, "failed", 3),
        deployment(3, "canceled", 4),
        deployment(4, "blocked", 5),
        deployment(5, "levitating", 6),
    )
    ends = [each.events[0] for each in page.told]
    assert [(each.outcome, each.at, each.environment) for each in ends] == [
        ("success", at(3), "production"),
        ("failure", at(4), "production"),
    ]
    assert [each.key for each in page.found] == ["4", "5"]
    assert page.unknown == ("deployment_status",)


@pytest.mark.parametrize(
    ("name", "tier", "told"),
    [
        ("eu-1", "production", "production/eu-1"),
        ("production/eu", "production", "production/eu"),
        ("stage-2", "staging", "stage-2"),
        ("review/topic", "development", "review/topic"),
        ("prod", None, "prod"),
    ],
)
def test_a_tier_says_what_a_name_does_not(name, tier, told):
    (each,) = deployed(deployment(1, "success", 2, name, tier)).told
    assert each.events[0].environment == told


def test_releases_that_are_to_come_are_none_and_tags_are_those_that_are_called_so():
    ask = Deployments("")
    rows = [
        {"tag_name": "v1", "released_at": stamp(at(1)), "created_at": stamp(START), "commit": {"id": "a1"}},
        {"tag_name": "v2", "released_at": stamp(at(9)), "created_at": stamp(START), "upcoming_release": True},
    ]
    (told,) = ask.latest(WANTED, "releases").read(answer(rows)).told
    assert told.events[0] == Deployed("released", at(1), "release", "a1", told.events[0].outcome, START, "v1", True)
    tags = [
        {"name": "v3", "commit": {"id": "b2", "created_at": stamp(at(2))}, "created_at": stamp(at(4))},
        {"name": "v4", "commit": {"id": "c3", "created_at": stamp(at(3))}},
        {"name": "nightly", "commit": {"id": "d4", "created_at": stamp(at(5))}},
    ]
    found = ask.latest(WANTED, "tags").read(answer(tags)).told
    assert [(each.events[0].named, each.events[0].at) for each in found] == [("v3", at(4)), ("v4", at(3))]


def test_what_a_deployment_brought_leaves_out_what_was_brought_before():
    success = Success(Subject("7", "1", 0, Thing.DEPLOYMENT), "ended:success", at(3), "a" * 40, "b" * 40)
    request = Deployments("").compared("acme/shop", success, {"c1"})
    (fact,) = request.read(answer({"commits": [{"id": "c1"}, {"id": "c2"}], "diffs": []})).found
    assert (fact.shas, fact.back, fact.whole) == (("c2",), False, True)
    (gone,) = request.read(answer({}, 404)).found
    assert not gone.whole
    (back,) = request.read(answer({"commits": [], "diffs": []})).found
    assert back.back


# --- what lies between two commits ---


def test_lines_are_counted_in_hunks():
    assert lines("@@ -1,2 +1,3 @@\n context\n-old\n+new\n+newer\n") == (2, 1)


def test_a_comparison_tells_files_and_commits_and_whether_something_was_left_out():
    gap = Gap("a" * 40, "b" * 40, (("main#2025-05", at(5)),))
    request = compare("", HOME, gap)
    body = {
        "commits": [{"id": "c1", "message": "Fix", "author_email": "Ann@example.org", "authored_date": stamp(at(1))}],
        "diffs": [{"new_path": "a.py", "diff": "@@ -1 +1 @@\n-a\n+b\n"}],
    }
    (told,) = request.read(answer(body)).told
    assert told.events[0] == Worked(
        f"worked:{'a' * 40}:{'b' * 40}", at(5), "a" * 40, "b" * 40, (("a.py", 1, 1),),
        (("c1", at(1), "ann@example.org", ()),),
    )  # fmt: skip
    body["diffs"].append({"new_path": "big.bin", "too_large": True})
    (cut,) = request.read(answer(body)).told
    assert not cut.events[0].whole
    for nothing in (answer({}, 404), answer({"commits": [], "diffs": []})):
        (told,) = request.read(nothing).told
        assert (told.events[0].whole, told.events[0].files) == (False, ())


# --- pulses ---


def test_a_pulse_is_another_word_once_a_pipeline_moved():
    (request,) = stirred("", [HOME, Home("8", "acme/web", "main")])

    def words(updated):
        pipelines = {"nodes": [{"id": "1", "status": "RUNNING", "updatedAt": updated}]}
        nodes = [{"id": "gid://gitlab/Project/7", "pipelines": pipelines, "releases": {"nodes": []}}]
        return request.read(answer({"data": {"projects": {"nodes": nodes}}})).pulses

    assert words("a") == words("a")
    assert words("a")["7", Stream.RUNS] != words("b")["7", Stream.RUNS]
    assert ("8", Stream.RUNS) not in words("a"), "one that is not told of is looked at"
    assert request.body["variables"]["ids"] == ["gid://gitlab/Project/7", "gid://gitlab/Project/8"]
