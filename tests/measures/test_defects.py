import pytest

from exporter.labels import LabelRules
from exporter.measures.defects import DEFECTS, defects
from exporter.policy import Policy
from tests.measures.read import dated
from tests.stories import POLICY
from tests.tickets import ticket

DAYS = 24


def counted(*lines, policy=POLICY):
    """When a story's defect is counted, in hours after the start, and where it was found; None for no defect."""
    found = dated(defects, DEFECTS, ticket(*lines, policy=policy))
    assert len(found) <= 1
    return (found[0][0], *found[0][1]) if found else None


def test_a_defect_is_counted_when_it_is_closed_with_the_labels_of_then():
    assert counted("opened 0h", "labelled 1h: bug", "closed 5h", "labelled 6h: production") == (5, "unstated")
    assert counted("opened 0h", "labelled 1h: bug", "labelled 5h: production", "closed 5h") == (5, "production")


def test_one_that_stays_open_is_counted_30_days_after_its_creation():
    assert counted("opened 2h", "labelled 2h: bug") == (30 * DAYS + 2, "unstated")
    assert counted("opened 2h", "labelled 2h: bug", "closed 30d3h") == (30 * DAYS + 2, "unstated")
    assert counted("opened 2h", "labelled 30d3h: bug") is None


def test_it_is_counted_once_whatever_happens_later():
    assert counted("opened 0h", "labelled 0h: bug", "closed 5h", "reopened 6h", "closed 9h") == (5, "unstated")


@pytest.mark.parametrize("label", ["bug", "kind/bug", "type: bug", "regression", "incident", "sev1", "sev-2", "defect"])
def test_what_calls_an_issue_a_defect(label):
    assert counted("opened 0h", f"labelled 0h: {label}", "closed 5h") is not None


@pytest.mark.parametrize("label", ["debug", "bugfix-sprint", "enhancement", "kind/feature", "production", "severance"])
def test_what_does_not(label):
    assert counted("opened 0h", f"labelled 0h: {label}", "closed 5h") is None


def test_the_trackers_own_type_counts_as_a_label():
    assert counted("opened 0h: bug", "closed 5h") == (5, "unstated")


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (("bug", "production"), "production"),
        (("bug", "customer"), "production"),
        (("sev1",), "production"),
        (("incident",), "production"),
        (("bug", "found in qa"), "before_release"),
        (("bug", "prerelease"), "before_release"),
        (("bug", "prerelease", "escaped"), "production"),
        (("bug", "ui"), "unstated"),
    ],
)
def test_where_a_defect_was_found_is_what_labels_say(labels, found):
    lines = [f"labelled 0h: {label}" for label in labels]
    assert counted("opened 0h", *lines, "closed 5h") == (5, found)


def test_a_label_that_was_taken_off_says_nothing():
    lines = ("opened 0h", "labelled 0h: bug", "labelled 1h: production")
    assert counted(*lines, "unlabelled 2h: production", "closed 5h") == (5, "unstated")
    assert counted(*lines, "unlabelled 2h: bug", "closed 5h") is None


def test_what_turned_out_to_be_no_defect_is_none():
    """By a label, or by a closing as not planned that still stands 30 days after the creation."""
    bug = ("opened 0h", "labelled 0h: bug")
    assert counted(*bug, "labelled 1h: invalid", "closed 5h") is None
    assert counted(*bug, "dropped 5h") is None
    assert counted(*bug, "dropped 5h", "reopened 6h") == (30 * DAYS, "unstated")
    assert counted(*bug, "dropped 5h", "reopened 6h", "closed 9h") == (9, "unstated")


def test_an_issue_whose_opening_is_not_known_is_not_counted():
    assert counted("labelled 0h: bug", "closed 5h") is None


def test_a_user_may_say_what_labels_mean():
    rules = LabelRules(defect=("Fehler*",), production=("Kunde",))
    policy = Policy(POLICY.rules, labels=rules)
    assert counted("opened 0h", "labelled 0h: fehler/schwer", "labelled 0h: kunde", "closed 1h", policy=policy) == (
        1,
        "production",
    )
    assert counted("opened 0h", "labelled 0h: bug", "closed 1h", policy=policy) is None
    assert policy.definition != POLICY.definition
