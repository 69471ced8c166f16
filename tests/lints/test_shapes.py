"""The labels that an expression keeps, worked out by hand from PromQL's rules of matching."""

import pytest

from tests.lints.exposed import read
from tests.lints.grafana import OPEN, expanded
from tests.lints.promql import parse
from tests.lints.shapes import AMBIGUOUS, IMPOSSIBLE, TARGET, Label, World, shape, varying

PAGE = """\
# TYPE queue gauge
queue{repository="a/b",origin="agentic",state="waiting"} 1
queue{repository="a/b",origin="unmarked",state="approved"} 1
# TYPE budget gauge
budget{source="forge",resource="graphql"} 1
budget{source="forge",resource=""} 1
# TYPE limit gauge
limit{name="queue"} 1
limit{name="wait"} 1
# TYPE sdlc_repository_info gauge
sdlc_repository_info{repository="a/b",source="forge",team="pay"} 1
# TYPE size histogram
size_bucket{origin="agentic",le="1.0"} 1
size_bucket{origin="agentic",le="+Inf"} 1
"""
WORLD = World(read(PAGE))
AGGREGATED = "without (cluster, namespace, pod, instance, job)"


def labels(text):
    """Labels that all series have, and after a question mark those that some have, but for those of the target."""
    found = shape(parse(text), WORLD)
    return " ".join(sorted(f"{'' if label.sure else '?'}{name}" for name, label in found.items() if name not in TARGET))


def faults(text):
    found = []
    shape(parse(text), WORLD, found.append)
    return [word for word, _ in found]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("queue", "origin repository state"),
        ("budget", "?resource source"),
        ("unheard_of", ""),
        ("sum(queue)", ""),
        ("sum by (origin) (queue)", "origin"),
        ("sum without (state) (queue)", "origin repository"),
        ("topk(3, queue)", "origin repository state"),
        ('count_values("value", queue)', "value"),
        ("max_over_time(queue[1h])", "origin repository state"),
        ("max_over_time((sum by (origin) (queue))[1h:5m])", "origin"),
        ("-queue", "origin repository state"),
        ("queue / 2", "origin repository state"),
        ("time() - queue", "origin repository state"),
        ("time()", ""),
        ("scalar(limit)", ""),
        ("vector(1)", ""),
        ("day_of_week()", ""),
        ('absent(queue{origin="bot", state=~"a.+"})', "origin"),
        ("absent(sum(queue))", ""),
        ('label_replace(limit, "team", "pay", "", "")', "name team"),
        ('label_replace(limit, "team", "$1", "name", "(.+)")', "?team name"),
        ('label_replace(limit, "team", "$1", "name", "(.*)")', "name team"),
        ('label_join(limit, "team", ",", "name")', "name team"),
        ("histogram_quantile(0.5, sum by (le, origin) (size_bucket))", "origin"),
        ("queue and on (repository) sdlc_repository_info", "origin repository state"),
        ("queue unless on (repository) sdlc_repository_info", "origin repository state"),
        ("sum by (origin) (queue) or sum by (source) (budget)", "?origin ?source"),
        ("sum by (origin) (queue) or sum by (origin) (size_bucket)", "origin"),
        ("max by (repository) (queue) > on (repository) max by (repository) (sdlc_repository_info)", "repository"),
        ("max by (repository, origin) (queue) / on (repository) group_left (team) sdlc_repository_info",
            "origin repository team"),
        ("sdlc_repository_info * on (repository) group_right (team) max by (repository, origin) (queue)",
            "origin repository team"),
        ("max by (repository, origin) (queue) * ignoring (origin) max by (repository) (queue)", "repository"),
        ("max by (resource) (budget) and on (resource) max by (resource) (budget)", "?resource"),
    ],
)  # fmt: skip
def test_labels_that_are_kept(text, kept):
    assert labels(text) == kept


def test_the_target_is_on_every_series_as_far_as_it_is_there():
    found = shape(parse("limit"), WORLD)
    assert {name: found[name].sure for name in TARGET} == {
        "job": True, "instance": True, "cluster": False, "namespace": False, "pod": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "label", "values"),
    [
        ("queue", "origin", {"agentic", "unmarked"}),
        ("queue", "repository", None),
        ('queue{origin="agentic"}', "origin", {"agentic"}),
        ('queue{origin!="agentic"}', "origin", {"unmarked"}),
        ('queue{origin=~"un.+"}', "origin", {"unmarked"}),
        ('queue{origin!~"un.+"}', "origin", {"agentic"}),
        ('queue{origin=~"$origin"}', "origin", {"agentic", "unmarked"}),
        ('queue{repository="$repository"}', "repository", {"$repository"}),
        ('queue{repository=~"a/b|c/d"}', "repository", {"a/b", "c/d"}),
        ('queue{repository=~"a/.+"}', "repository", None),
        ('label_replace(limit, "origin", "bot", "", "")', "origin", {"bot"}),
        ("queue and on (origin) size_bucket", "origin", {"agentic"}),
        ('queue{origin="agentic"} or queue{origin="unmarked"}', "origin", {"agentic", "unmarked"}),
        ('limit{name="wait"} or label_join(limit, "name", "name")', "name", None),
    ],
)
def test_values_that_are_known(text, label, values):
    assert shape(parse(text), WORLD)[label].values == (frozenset(values) if values else None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        # both sides have the same labels, or those that are named
        ("queue / queue", []),
        ("queue / on (repository, origin, state, instance, job, cluster, namespace, pod) queue", []),
        # a label is on one side alone
        (f"max {AGGREGATED} (queue) / max {AGGREGATED} (limit)", [IMPOSSIBLE] * 4),
        ("sum by (origin) (queue) unless sum(size_bucket)", [IMPOSSIBLE]),
        ("queue and on (source) budget", [IMPOSSIBLE]),
        ("queue and on (team) budget", [IMPOSSIBLE]),
        # values that never meet
        ('sum by (origin) (queue{origin="agentic"}) / sum by (origin) (queue{origin="unmarked"})', [IMPOSSIBLE]),
        ('sum by (origin) (queue{origin="agentic"}) / sum by (origin) (queue{origin="$one"})', []),
        # what some series lack may match
        ("max by (resource) (budget) / max by (resource) (budget)", []),
        ("sum by (job) (queue) / on (job, cluster) sum by (job) (budget)", []),
        ("sum by (origin) (queue) or sum(size_bucket)", []),
        # what binds tighter than it looks: the right side of and is all of a subtraction
        ("queue and on (repository) sdlc_repository_info - ignoring (state) queue > 0",
            [IMPOSSIBLE, IMPOSSIBLE, IMPOSSIBLE, AMBIGUOUS]),
        # a label that was dropped before, or never was
        ("sum by (origin) (sum by (state) (queue))", [IMPOSSIBLE]),
        ("sum without (origin) (sum by (state) (queue))", [IMPOSSIBLE]),
        ("sum without (pod) (sum by (state) (queue))", []),
        ("queue - ignoring (team) queue", [IMPOSSIBLE]),
        ("queue - ignoring (pod) queue", [AMBIGUOUS, AMBIGUOUS]),
        ("sum by (origin) (queue) * on (origin) group_left (team) sum by (origin) (queue)", [IMPOSSIBLE]),
        # more than one partner
        ("sum by (origin) (queue) / on () sum(queue)", [AMBIGUOUS]),
        ("sum by (origin) (queue) / on () group_left () sum(queue)", []),
        ("sum by (origin) (queue) / on () group_left () sum by (state) (queue)", [AMBIGUOUS]),
        ("sum(queue) / on () group_right () sum by (origin) (queue)", []),
        ("sum by (origin) (queue) > on () group_left () max by (name) (limit)", [AMBIGUOUS]),
        ('sum by (origin) (queue) > on () group_left () max by (name) (limit{name="wait"})', []),
        # a repository has one source and one team, as long as it is asked by repository
        ("sum by (repository) (queue) * on (repository) group_left (team) "
            "max by (repository, source, team) (sdlc_repository_info)", []),
        ("sum by (repository) (queue) * on (repository) group_left (team) sdlc_repository_info", [AMBIGUOUS]),
        ("sum by (origin) (queue) * on () group_left (team) max by (source, team) (sdlc_repository_info)", [AMBIGUOUS]),
    ],
)  # fmt: skip
def test_matches_that_cannot_be_or_are_not_unique(text, words):
    assert faults(text) == words


def test_labels_that_another_one_decides_do_not_vary():
    """Source and team follow from the repository; without it they are free."""
    found = shape(parse("max by (repository, source, team) (sdlc_repository_info)"), WORLD)
    assert varying(found) == {"repository"}
    assert varying(shape(parse("max by (source, team) (sdlc_repository_info)"), WORLD)) == {"source", "team"}
    assert varying({"a": Label(values=frozenset("1")), "b": Label(values=frozenset("12"))}) == {"b"}


@pytest.mark.parametrize(
    ("legend", "names"),
    [
        ("waiting", {"waiting"}),
        ("{{origin}}", {"agentic", "unmarked"}),
        ("{{ origin }}, 90 d", {"agentic, 90 d", "unmarked, 90 d"}),
        ("{{origin}} {{state}}", {"agentic waiting", "agentic approved", "unmarked waiting", "unmarked approved"}),
        ("{{repository}}", {OPEN}),
        ("{{team}}", {OPEN}),
    ],
)
def test_legends_with_the_values_of_their_labels(legend, names):
    assert expanded(legend, shape(parse("queue"), WORLD)) == names
