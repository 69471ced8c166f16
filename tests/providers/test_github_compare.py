"""What lies between two commits, as a comparison tells it, and when it cannot be told."""

import json

import pytest

from exporter.errors import Garbled, Refused, ServerError
from exporter.model import Subject, Thing, Worked
from exporter.providers.base import Gap, Home, Response, unread
from exporter.providers.github.compare import compare
from tests.providers.forge import at, second

HOME = Home("R_1", "acme/shop", "main")
BASE, HEAD = "a" * 40, "b" * 40
GAP = Gap(BASE, HEAD, (("ci.yml@main#2025-05", second(5)), ("lint.yml@main#2025-05", second(6))))


def told(request, payload, status=200):
    return request.read(Response(status, {}, payload if isinstance(payload, bytes) else json.dumps(payload).encode()))


def commit(number=1, message="Mend it", **more):
    author = {"name": "Ann", "email": "Ann@Example.org", "date": at(number)}
    return {
        "sha": f"{number:040x}",
        "commit": {"message": message, "author": author},
        "author": {"login": "Ann"},
    } | more


def answer(*commits, files=(), status="ahead", total=None):
    rows = [{"filename": path, "additions": added, "deletions": deleted} for path, added, deleted in files]
    total = len(commits) if total is None else total
    return {"status": status, "total_commits": total, "commits": list(commits), "files": rows}


def facts(page):
    return [event for each in page.told for event in each.events]


def worked(page) -> Worked:
    return facts(page)[0]


def test_both_commits_are_asked_about_by_name():
    asked = compare("/api/v3", HOME, GAP)
    assert asked.path == f"/api/v3/repos/acme/shop/compare/{BASE}...{HEAD}?per_page=100&page=1"
    assert (asked.method, asked.repositories, asked.changes) == ("GET", ("R_1",), (f"{BASE}...{HEAD}",))


def test_every_line_is_told_the_same_under_its_own_date():
    page = told(compare("", HOME, GAP), answer(commit(), files=[("tests/b.py", 3, 1), ("tests/a.py", 0, 2)]))
    ann = (f"{1:040x}", second(1), "ann", ())
    files = (("tests/a.py", 0, 2), ("tests/b.py", 3, 1))
    assert [(each.subject, each.events) for each in page.told] == [
        (
            Subject("R_1", f"{name}.yml@main#2025-05", 0, Thing.LINE),
            (Worked(f"worked:{BASE}:{HEAD}", second(hour), BASE, HEAD, files, (ann,)),),
        )
        for name, hour in (("ci", 5), ("lint", 6))
    ]


def test_an_author_without_account_is_known_by_mail_and_markers_come_from_the_message():
    one = commit(message="Mend\n\nWhy.\n\nCo-Authored-By: Claude <noreply@anthropic.com>", author=None)
    ((_, _, who, markers),) = worked(told(compare("", HOME, GAP), answer(one))).commits
    assert (who, markers) == ("ann@example.org", ("Co-Authored-By: Claude <noreply@anthropic.com>",))


def test_a_date_no_calendar_has_is_replaced_by_that_of_the_green_attempt():
    one = commit()
    one["commit"]["author"]["date"] = "0000-00-00"
    assert [fact.commits[0][1] for fact in facts(told(compare("", HOME, GAP), answer(one)))] == [second(5), second(6)]


def test_further_commits_come_in_pages_whose_files_are_those_of_the_first():
    """250 commits: 100, 100 and 50; only the first page has files."""
    request, pages = compare("", HOME, GAP), 0
    while request:
        part = [commit(number) for number in range(100 * pages, min(250, 100 * pages + 100))]
        payload = answer(*part, files=[("a.py", 1, 0)], total=250)
        if pages:
            del payload["files"]
        page = told(request, payload)
        request, pages = page.then[0] if page.then else None, pages + 1
    assert pages == 3
    assert (len(worked(page).commits), worked(page).files, worked(page).whole) == (250, (("a.py", 1, 0),), True)


def test_what_is_too_much_is_told_as_not_whole():
    """300 files are all that is ever listed, and after 300 commits we stop asking."""
    assert worked(told(compare("", HOME, GAP), answer(commit(), files=[("a.py", 1, 0)] * 299))).whole
    assert not worked(told(compare("", HOME, GAP), answer(commit(), files=[("a.py", 1, 0)] * 300))).whole
    request = compare("", HOME, GAP)
    for pages in range(3):
        part = [commit(number) for number in range(100 * pages, 100 * pages + 100)]
        page = told(request, answer(*part, total=900))
        request = page.then[0] if page.then else None
    assert request is None
    assert (len(worked(page).commits), worked(page).whole) == (300, False)


@pytest.mark.parametrize("status", ["diverged", "behind", "identical"])
def test_commits_that_do_not_follow_each_other_are_told_as_such(status):
    """Their files would be counted from where the two parted."""
    fact = worked(told(compare("", HOME, GAP), answer(commit(), files=[("a.py", 1, 0)], status=status)))
    assert (fact.whole, fact.files, fact.commits) == (False, (), ())


def test_commits_that_are_gone_are_told_as_such_and_not_asked_for_again():
    page = told(compare("", HOME, GAP), {"message": "Not Found"}, 404)
    assert [fact.whole for fact in facts(page)] == [False, False]
    assert page.told == unread(HOME, GAP)


def test_a_page_that_brings_the_page_before_it_is_an_error():
    part = [commit(number) for number in range(100)]
    (more,) = told(compare("", HOME, GAP), answer(*part, total=200)).then
    with pytest.raises(Garbled):
        told(more, answer(*part, total=200))


@pytest.mark.parametrize(
    ("status", "body", "error"), [(403, b"{}", Refused), (502, b"", ServerError), (200, b"<html>", Garbled)]
)
def test_an_answer_that_is_none_says_nothing_of_the_commits(status, body, error):
    with pytest.raises(error):
        told(compare("", HOME, GAP), body, status)
