"""Alerts as GitHub lists them, the heads they were seen on, and what may be wrong with an answer."""

import json

import pytest

from exporter.errors import Garbled, NotFound, Refused
from exporter.model import Found, Judged, Severity, Subject, Thing
from exporter.providers.base import Home, Response
from exporter.providers.github.findings import CODE, DEPENDENCY, MOST_PAGES, Findings
from tests.providers.forge import at, second

HOME = Home("R_1", "Acme/Shop", "main")
HOMES = {"acme/shop": HOME}
FINDINGS = Findings("/api/v3")
NEXT = (
    '<https://ghe.example/api/v3/organizations/1/code-scanning/alerts?per_page=100&after={}>; rel="next", <x>; rel="p"'
)


def alert(number=1, updated=None, home="Acme/Shop", **more):
    """An alert that was found at its hour."""
    return {
        "number": number,
        "created_at": at(number),
        "updated_at": at(number if updated is None else updated),
        "state": "open",
        "dismissed_at": None,
        "dismissed_reason": None,
        "rule": {"id": "py/sql-injection", "severity": "error", "security_severity_level": "critical"},
        "repository": {"full_name": home, "node_id": "R_elsewhere"},
    } | more


def told(request, payload, status=200, **headers):
    """What a request makes of an answer."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return request.read(Response(status, headers, body))


def listing(since=0, sort=CODE):
    return FINDINGS.alerts(sort, "acme", HOMES, second(since))


def known(**more):
    """An alert as the list tells it."""
    return told(listing(), [alert(**more)]).found[0]


def seen(*refs, of=None):
    """What the places of an alert make of it."""
    return told(FINDINGS.seen(of or known()), [{"ref": ref, "commit_sha": sha} for ref, sha in refs])


def facts(page):
    return [event for each in page.told for event in each.events]


def test_an_organisation_is_asked_for_what_was_updated_last():
    asked = listing()
    assert asked.path == "/api/v3/orgs/acme/code-scanning/alerts?sort=updated&direction=desc&per_page=100"
    assert (asked.method, asked.repositories, asked.passing) == ("GET", ("R_1",), False)


def test_an_alert_is_known_by_its_number_in_a_repository_known_by_its_name():
    """Node ids of REST may be written otherwise than those of GraphQL."""
    one = known(number=3)
    assert one.subject == Subject("R_1", "code:3", 3, Thing.FINDING)
    assert (one.created, one.updated, one.severity, one.open) == (second(3), second(3), Severity.CRITICAL, True)
    assert told(listing(), [alert(home="acme/other")]).found == ()


def test_pages_are_followed_until_they_are_older_than_what_was_read():
    """Of what was updated since hour 5, the page that ends at 6 has a next one, and the one that ends at 4 has none."""
    first = told(listing(5), [alert(9), alert(6)], link=NEXT.format("Y3Vy%3D"))
    assert [each.number for each in first.found] == [9, 6]
    (then,) = first.then
    assert then.path.endswith("&per_page=100&after=Y3Vy%3D")
    assert then.passing, "a page behind a cursor is not asked for again"
    assert told(then, [alert(5), alert(4)], link=NEXT.format("more")).then == ()
    assert told(listing(5), [alert(9)]).then == (), "no further page"


def test_pages_that_do_not_advance_are_garbage():
    (then,) = told(listing(), [alert(9), alert(6)], link=NEXT.format("a")).then
    with pytest.raises(Garbled, match="page before"):
        told(then, [alert(9), alert(6)], link=NEXT.format("b"))
    with pytest.raises(Garbled, match="page before"):
        told(then, [alert(5)], link=NEXT.format("a"))


@pytest.mark.parametrize("word", ["critical", "high", "medium", "low"])
def test_severities_are_the_tools(word):
    assert known(rule={"security_severity_level": word}).severity == word


@pytest.mark.parametrize(
    ("rule", "unknown"),
    [({"security_severity_level": None}, ()), ({}, ()), (None, ()), ({"security_severity_level": "dire"}, 1)],
)
def test_what_has_no_severity_that_we_know_is_unknown(rule, unknown):
    page = told(listing(), [alert(rule=rule)])
    assert page.found[0].severity is Severity.UNKNOWN
    assert page.unknown == (("alert_severity",) if unknown else ())


def test_new_words_are_told():
    page = told(listing(), [alert(state="levitating", dismissed_at=at(2), dismissed_reason="marvelled")])
    assert page.unknown == ("alert_state", "alert_dismissal")
    assert page.found[0].judged() == (Judged(f"dismissed@{second(2)}", second(2), wrong=False),)


def test_the_heads_it_was_seen_on_are_told_and_then_no_commit():
    page = seen(("refs/pull/12/merge", "a"), ("refs/heads/main", "b"), ("refs/pull/7/head", "c"), (None, None))
    assert facts(page) == [Found("found", second(1), Severity.CRITICAL, (7, 12), ())]


def test_what_was_seen_on_no_head_has_the_commits_of_the_default_branch():
    assert facts(seen(("refs/heads/main", "b" * 40), ("refs/heads/topic", "a" * 40)))[0].commits == ("b" * 40,)
    assert facts(seen(("main", "b" * 40)))[0].commits == ("b" * 40,)


def test_places_are_read_page_by_page_and_what_is_everywhere_is_nobodys():
    """Two pages of 100 and 1 are 101 heads; after five full pages it is too late to tell who was first."""
    rows = [{"ref": f"refs/pull/{number}/merge", "commit_sha": "a"} for number in range(1, 601)]
    request, pages = FINDINGS.seen(known()), 0
    (request,) = told(request, rows[:100]).then
    assert request.path == "/api/v3/repos/Acme/Shop/code-scanning/alerts/1/instances?per_page=100&page=2"
    assert len(facts(told(request, rows[100:101]))[0].changes) == 101
    page = told(FINDINGS.seen(known()), rows[:100])
    while page.then:
        pages += 1
        page = told(page.then[0], rows[100 * pages : 100 * pages + 100])
    assert pages == MOST_PAGES - 1
    assert facts(page) == [Found("found", second(1), Severity.CRITICAL, (), ())]


def test_a_dismissal_is_told_at_its_own_date():
    wrong = known(state="dismissed", dismissed_at=at(5), dismissed_reason="false positive", updated=9)
    assert facts(seen(of=wrong))[1:] == [Judged(f"dismissed@{second(5)}", second(5), wrong=True)]
    used = known(state="dismissed", dismissed_at=at(5), dismissed_reason="used in tests")
    assert used.judged() == (Judged(f"dismissed@{second(5)}", second(5), wrong=False),)


def test_what_stands_again_is_told_where_it_was_dismissed_before():
    dismissed = Judged("dismissed@1", second(2), wrong=True)
    again = known(updated=9)
    assert again.judged([dismissed]) == (Judged(f"open@{second(9)}", second(9), wrong=False),)
    assert again.judged([dismissed, *again.judged([dismissed])]) == ()
    assert again.judged() == ()
    assert known(updated=9, state="fixed").judged([dismissed]) == (), "mended is not taken back"


def test_an_alert_that_is_gone_meanwhile_tells_nothing():
    assert told(FINDINGS.seen(known()), {"message": "Not Found"}, 404).told == ()


def test_a_refusal_names_what_is_needed():
    with pytest.raises(Refused, match=r"Advanced Security must be enabled.*code scanning alerts"):
        told(listing(), {"message": "Advanced Security must be enabled for this repository."}, 403)
    with pytest.raises(NotFound, match=r"acme has no list of code scanning alerts .404.*organisations"):
        told(listing(), {"message": "Not Found"}, 404)
    with pytest.raises(Refused, match=r"Resource not accessible.*read access to Dependabot alerts"):
        told(listing(sort=DEPENDENCY), {"message": "Resource not accessible by integration"}, 403)


@pytest.mark.parametrize("payload", [b"", b"<html>", b"[{", {"message": "hello"}, [7]])
@pytest.mark.parametrize("request_", [listing(), FINDINGS.seen(known())], ids=["list", "places"])
def test_garbage_is_told_as_such(request_, payload):
    with pytest.raises(Garbled):
        told(request_, payload)


def test_a_date_that_is_none_is_garbage():
    with pytest.raises(Garbled, match="not a time"):
        told(listing(), [alert(created_at="yesterday")])


# --- vulnerable dependencies ---


def dependency(number=5, published=0.0, manifest="web/package-lock.json", **more):
    """An alert of hour 5 about a dependency that was known to be vulnerable since hour 0."""
    advisory = {"severity": "medium", "published_at": at(published)}
    return (
        alert(number) | {"rule": None, "dependency": {"manifest_path": manifest}, "security_advisory": advisory} | more
    )


def vulnerable(**more):
    """The alert as the list of Dependabot tells it."""
    return told(listing(sort=DEPENDENCY), [dependency(**more)]).found[0]


def test_dependencies_have_a_list_of_their_own():
    path = listing(sort=DEPENDENCY).path
    assert path == "/api/v3/orgs/acme/dependabot/alerts?sort=updated&direction=desc&per_page=100"


def test_the_list_tells_all_of_a_vulnerable_dependency():
    one = vulnerable().told()
    assert one.subject == Subject("R_1", "dependency:5", 5, Thing.FINDING)
    assert one.events == (Found("found", second(5), Severity.MEDIUM, (), (), "web/package-lock.json"),)


def test_an_alert_that_an_advisory_brought_names_no_file():
    """Known for an hour before the alert: the dependency is new; a minute less, and the advisory may be."""
    assert vulnerable(published=4).manifest == "web/package-lock.json"
    assert vulnerable(published=4 + 1 / 60).manifest == ""
    assert vulnerable(published=9).manifest == ""
    assert vulnerable(security_advisory=None).manifest == ""
    assert vulnerable(dependency=None).manifest == ""


def test_what_is_inaccurate_is_a_false_positive():
    wrong = vulnerable(state="dismissed", dismissed_at=at(6), dismissed_reason="inaccurate")
    assert wrong.told().events[1:] == (Judged(f"dismissed@{second(6)}", second(6), wrong=True),)
    assert not vulnerable(state="dismissed", dismissed_at=at(6), dismissed_reason="not_used").wrong
    page = told(listing(sort=DEPENDENCY), [dependency(state="auto_dismissed", dismissed_reason="won't fix")])
    assert page.unknown == ("alert_dismissal",)
