"""An issue of Jira becomes facts: dated by its changelog, the same in whatever page they are read."""

import pytest

from exporter.labels import LabelRules, stays, worn
from exporter.measures.defects import defects
from exporter.measures.qa import QA, QA_BLOCKED, qa
from exporter.model import (
    IssueClosed,
    IssueDescribed,
    IssueOpened,
    IssueReopened,
    Labelled,
    Moved,
    Naming,
    Referred,
    Subject,
    Thing,
)
from exporter.providers.jira import SERVICE
from exporter.providers.jira.options import Options, fault, home_of
from exporter.providers.jira.texts import plain_text, words
from exporter.providers.service import Setup
from exporter.story import Story
from exporter.timeline import ordered
from tests.double.jira import CLOUD, DATACENTER, Tracker
from tests.providers.jira import HOUR, PAY, PROJECTS, SHOP, at, pages, questions, told
from tests.stories import POLICY


@pytest.fixture(params=[CLOUD, DATACENTER])
def tracker(request):
    return Tracker(request.param)


def only(kind, tracker, **options):
    """The facts of a kind of the one issue there is."""
    ((issue,),) = [told(tracker, **options).values()]
    return [event for event in issue.events if isinstance(event, kind)]


def document(*blocks):
    return {"type": "doc", "version": 1, "content": list(blocks)}


def paragraph(*words):
    return {"type": "paragraph", "content": [{"type": "text", "text": word} for word in words]}


def test_an_issue_lives_in_the_repository_of_its_project_and_has_a_key(tracker):
    tracker.add("PAY-3", at(1), "Bug")
    tracker.add("SHOP-1", at(1))
    found = told(tracker)
    assert [each.subject for each in found.values()] == [
        Subject("R2", "10000", 0, Thing.ISSUE),
        Subject("R1", "10001", 0, Thing.ISSUE),
    ]
    assert found["10000"].events[0] == IssueOpened("opened", at(1), "bug", 0, "PAY-3")


def test_statuses_are_told_from_the_creation_on(tracker):
    issue = tracker.add("SHOP-1", at(1))
    tracker.change(issue, at(2), ("status", {"name": "In QA"}))
    tracker.change(issue, at(5), ("status", {"name": "Done"}), ("resolution", {"name": "Done"}))
    assert only(Moved, tracker) == [
        Moved("moved", at(1), "to do"),
        Moved("moved:20000", at(2), "in qa"),
        Moved("moved:20001", at(5), "done"),
    ]


def test_qa_has_an_issue_as_its_statuses_say(tracker):
    """In *Testing* from 2 h to 5 h, which the configuration calls QA: 3 h; without, nobody knows."""
    issue = tracker.add("SHOP-1", at(1))
    tracker.change(issue, at(2), ("status", {"name": "Testing"}))
    tracker.change(issue, at(5), ("status", {"name": "Done"}))
    for statuses, expected in (({"testing": "qa"}, [(at(2), at(5))]), ({}, [])):
        (found,) = told(tracker, statuses=statuses).values()
        assert list(stays(ordered(found.events), LabelRules(), at(9))) == expected


def test_a_status_nobody_knows_is_left_as_it_is_and_counted(tracker):
    tracker.change(tracker.add("SHOP-1", at(1)), at(2), ("status", {"name": "Levitating"}))
    assert only(Moved, tracker)[-1].status == "levitating"
    (page,) = pages(tracker, questions(tracker).since((SHOP,), at(0)))
    assert page.unknown == ("issue_status",)
    (page,) = pages(tracker, questions(tracker, statuses={"Levitating": "active"}).since((SHOP,), at(0)))
    assert page.unknown == ()


def test_an_issue_is_closed_by_a_resolution_and_opened_again_without(tracker):
    """Done at 2 h, open from 3 h on, a duplicate at 4 h: no completion."""
    issue = tracker.add("SHOP-1", at(1))
    tracker.change(issue, at(2), ("resolution", {"name": "Fixed"}), ("status", {"name": "Closed"}))
    tracker.change(issue, at(3), ("resolution", None), ("status", {"name": "Reopened"}))
    tracker.change(issue, at(4), ("resolution", {"name": "Duplicate"}))
    tracker.change(issue, at(5), ("status", {"name": "Closed"}))
    assert only(IssueClosed, tracker) == [
        IssueClosed("closed:20000", at(2)),
        IssueClosed("closed:20002", at(4), done=False),
    ]
    assert only(IssueReopened, tracker) == [IssueReopened("reopened:20001", at(3))]


def test_another_resolution_is_another_closing(tracker):
    issue = tracker.add("SHOP-1", at(1))
    tracker.change(issue, at(2), ("resolution", {"name": "Done"}))
    tracker.change(issue, at(3), ("resolution", {"name": "Duplicate"}))
    assert [(each.at, each.done) for each in only(IssueClosed, tracker)] == [(at(2), True), (at(3), False)]


def test_entries_of_one_second_are_read_in_the_order_of_their_numbers(tracker):
    """9999 before 20010, though as text it comes after; so the issue ends closed."""
    issue = tracker.add("SHOP-1", at(1))
    for n in range(9):
        tracker.change(issue, at(2), ("labels", [f"a{n}"]))
    tracker.change(issue, at(3), ("status", {"name": "In QA"}))
    tracker.change(issue, at(3), ("status", {"name": "Done"}), ("resolution", {"name": "Done"}))
    issue.log = [(ident.replace("20009", "9999"), when, items) for ident, when, items in issue.log]
    assert [each.status for each in only(Moved, tracker)] == ["to do", "in qa", "done"]


def test_a_history_from_before_the_creation_counts_from_the_creation_on(tracker):
    """Imported issues have one."""
    issue = tracker.add("SHOP-1", at(5))
    tracker.change(issue, at(2), ("labels", ["qa"]))
    assert only(Labelled, tracker) == [Labelled("label:20000:qa", at(5), "qa", on=True)]


def test_a_status_that_is_the_end_closes_without_a_resolution(tracker):
    issue = tracker.add("SHOP-1", at(1))
    tracker.change(issue, at(2), ("status", {"name": "Shipped"}))
    tracker.change(issue, at(3), ("status", {"name": "To Do"}))
    assert only(IssueClosed, tracker, statuses={"Shipped": "done"}) == [IssueClosed("closed:20000", at(2))]
    assert only(IssueReopened, tracker, statuses={"Shipped": "done"}) == [IssueReopened("reopened:20001", at(3))]
    assert only(IssueClosed, tracker) == []


def test_a_resolution_of_ones_own_may_be_no_completion(tracker):
    tracker.change(tracker.add("SHOP-1", at(1)), at(2), ("resolution", {"name": "Verworfen"}))
    assert only(IssueClosed, tracker, dropped=("verworfen",))[0].done is False
    assert only(IssueClosed, tracker)[0].done is True
    (page,) = pages(tracker, questions(tracker).since((SHOP,), at(0)))
    assert page.unknown == ("issue_resolution",)


def test_labels_are_put_on_and_taken_off_by_the_changelog(tracker):
    """Created with *Customer*, to which *qa* came at 2 h; at 3 h *Customer* went."""
    issue = tracker.add("SHOP-1", at(1), labels=["Customer"])
    tracker.change(issue, at(2), ("labels", ["Customer", "qa"]))
    tracker.change(issue, at(3), ("labels", ["qa"]))
    assert only(Labelled, tracker) == [
        Labelled("label:customer", at(1), "customer", on=True),
        Labelled("label:20000:qa", at(2), "qa", on=True),
        Labelled("label:20001:customer", at(3), "customer", on=False),
    ]


def test_labels_that_never_changed_are_as_old_as_the_issue(tracker):
    tracker.add("SHOP-1", at(1), labels=["qa"])
    assert only(Labelled, tracker) == [Labelled("label:qa", at(1), "qa", on=True)]


def test_a_flag_blocks_an_issue(tracker):
    tracker.names["customfield_10021"] = "Flagged"
    issue = tracker.add("SHOP-1", at(1))
    tracker.change(issue, at(2), ("customfield_10021", {"value": "Impediment"}))
    tracker.change(issue, at(4), ("customfield_10021", None))
    assert only(Labelled, tracker) == [
        Labelled("blocked:20000:flag", at(2), "blocked", on=True),
        Labelled("blocked:20001:flag", at(4), "blocked", on=False),
    ]
    assert only(Labelled, tracker, flag="") == []


def test_links_block_from_the_first_to_the_last_where_that_is_asked_for(tracker):
    """Two blockers at 2 h and 3 h, taken off at 4 h and 6 h: blocked from 2 h to 6 h."""
    issue = tracker.add("SHOP-1", at(1))
    one, two = ("This issue is blocked by PAY-1", "This issue is blocked by PAY-2")
    tracker.change(issue, at(2), ("link", (None, one)))
    tracker.change(issue, at(3), ("link", (None, two)))
    tracker.change(issue, at(3.5), ("link", (None, "This issue relates to PAY-3")))
    tracker.change(issue, at(4), ("link", (one, None)))
    tracker.change(issue, at(6), ("link", (two, None)))
    found = only(Labelled, tracker, blocked_by=("is blocked by",))
    assert [(each.at, each.label, each.on) for each in found] == [
        (at(2), "blocked", True),
        (at(6), "blocked", False),
    ]
    assert only(Labelled, tracker) == []


def test_a_field_says_where_a_defect_was_found(tracker):
    """A bug found in QA at first, which at 3 h turned out to be one of production: counted so at its closing, 5 h."""
    tracker.names["customfield_10040"] = "Found in"
    issue = tracker.add("SHOP-1", at(1), "Bug", customfield_10040={"value": "QA"})
    tracker.change(issue, at(3), ("customfield_10040", {"value": "Production"}))
    tracker.change(issue, at(5), ("resolution", {"name": "Done"}))
    rules = {"customfield_10040=Production": "production", "customfield_10040=qa": "found-in-qa"}
    assert only(Labelled, tracker, found_in=rules) == [
        Labelled("customfield_10040:found-in-qa", at(1), "found-in-qa", on=True),
        Labelled("customfield_10040:20000:found-in-qa", at(3), "found-in-qa", on=False),
        Labelled("customfield_10040:20000:production", at(3), "production", on=True),
    ]
    (found,) = told(tracker, found_in=rules).values()
    ((counted),) = defects(Story(found.events, POLICY), POLICY)
    assert (counted.at, counted.labels) == (at(5), ("production",))


def test_a_field_that_never_changed_says_so_from_the_creation_on(tracker):
    tracker.add("SHOP-1", at(1), environment="Production")
    assert only(Labelled, tracker, found_in={"environment=Production": "production"}) == [
        Labelled("environment:production", at(1), "production", on=True)
    ]


def test_an_issue_that_became_a_bug_is_one_from_then_on(tracker):
    issue = tracker.add("SHOP-1", at(1), "Task")
    tracker.change(issue, at(3), ("issuetype", {"name": "Bug"}))
    assert only(IssueOpened, tracker) == [
        IssueOpened("opened", at(1), "task", 0, "SHOP-1"),
        IssueOpened("opened:20000:type", at(3), "bug", 0, "SHOP-1"),
    ]
    (found,) = told(tracker).values()
    assert "task" in worn(ordered(found.events), at(2))
    assert "bug" in worn(ordered(found.events), at(3))


def test_an_issue_that_moved_to_another_project_has_both_keys_and_stays_where_it_was(tracker):
    issue = tracker.add("SHOP-1", at(1))
    before = told(tracker)[issue.id]
    tracker.change(issue, at(3), ("key", "PAY-7"))
    after = told(tracker)[issue.id]
    assert after.subject == before.subject == Subject("R1", issue.id, 0, Thing.ISSUE)
    assert set(before.events) < set(after.events)
    assert [each.key for each in only(IssueOpened, tracker)] == ["SHOP-1", "PAY-7"]


def test_an_issue_that_came_from_elsewhere_lives_in_its_first_project_that_is_known(tracker):
    issue = tracker.add("OPS-1", at(1))
    tracker.change(issue, at(3), ("key", "PAY-7"))
    assert told(tracker)[issue.id].subject.repository == "R2"


def test_a_description_is_its_last_version_and_names_a_culprit():
    """In Cloud's form, with a quotation and code, which are somebody else's words."""
    tracker = Tracker(CLOUD)
    card = {"type": "inlineCard", "attrs": {"url": "https://github.com/acme/shop/pull/12"}}
    caused = {"type": "paragraph", "content": [{"type": "text", "text": "Caused by: "}, card]}
    quoted = {"type": "blockquote", "content": [paragraph("Caused by: #13")]}
    code = {"type": "codeBlock", "content": [{"type": "text", "text": "Caused by: #14"}]}
    issue = tracker.add("SHOP-1", at(1), "Bug")
    tracker.change(issue, at(2), ("description", document(paragraph("It breaks."), caused, quoted, code)))
    text = f"body@{at(2)}"
    assert only(IssueDescribed, tracker)[0].id == text
    assert only(Referred, tracker) == [Referred(f"fix:{text}", at(2), Naming.FIX, (), (12,))]


def test_a_description_of_data_center_names_a_culprit():
    tracker = Tracker(DATACENTER)
    caused = "* Caused by: [the change|https://github.com/acme/shop/pull/12]"
    body = f"It breaks.\r\n\r\n{caused}\r\n{{quote}}\r\nCaused by: #13\r\n{{quote}}"
    tracker.add("SHOP-1", at(1), "Bug", description=body)
    assert only(Referred, tracker) == [Referred(f"fix:body@{at(1)}", at(1), Naming.FIX, (), (12,))]


def test_a_text_that_speaks_of_a_revert_takes_nothing_back():
    tracker = Tracker(DATACENTER)
    tracker.add("SHOP-1", at(1), description="Reverts #12")
    assert only(Referred, tracker) == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (None, ""),
        (7, ""),
        ({"type": "doc"}, ""),
        ({"type": "doc", "content": "no list"}, ""),
        (document(paragraph("a", "b"), paragraph("c")), "ab\nc"),
        (document({"type": "bulletList", "content": [{"type": "listItem", "content": [paragraph("d")]}]}), "d"),
        ("{code:java}x{code}y {noformat}open", "y "),
        ("bq. said\nmine", "\nmine"),
    ],
)
def test_the_text_of_documents_and_of_markup(body, text):
    assert plain_text(body) == text


def test_a_document_without_end_is_read_to_a_depth():
    nested = paragraph("deep")
    for _ in range(5000):
        nested = {"type": "panel", "content": [nested]}
    assert plain_text(nested) == ""


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("Production ", ("production",)),
        ({"value": "Production"}, ("production",)),
        ([{"name": "QA"}, "Staging"], ("qa", "staging")),
        (document(paragraph("Production")), ("production",)),
        (None, ()),
        ({}, ()),
        (3.0, ("3.0",)),
    ],
)
def test_what_a_field_holds(value, found):
    assert words(value) == found


def test_the_home_of_a_project_is_the_first_repository_by_name():
    assert home_of(("ACME/*",), (SHOP, PAY)) == PAY
    assert home_of(("acme/shop", "acme/*"), (SHOP,)) == SHOP
    assert home_of(("other/*",), (SHOP, PAY)) is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(), "names no project"),
        (Options(projects={"SHOP 1": ("a/*",)}), "a project 'SHOP 1'"),
        (Options(projects={'X" OR "Y': ("a/*",)}), "write its key"),
        (Options(projects={"SHOP": ()}), "no repository for the project SHOP"),
        (Options(projects=PROJECTS, found_in={"Production": "production"}), "FIELD=VALUE"),
        (Options(projects=PROJECTS, found_in={"environment=Production": "production"}), ""),
    ],
)
def test_options_that_cannot_be_meant_are_refused_with_a_remedy(options, said):
    found = fault(Setup(options=options))
    assert said in found
    assert bool(found) is bool(said)
    assert SERVICE.fault is fault


def test_an_hour_of_blocking_in_qa_is_told():
    """In QA from 2 h to 6 h, flagged from 3 h to 4 h."""
    tracker = Tracker(CLOUD)
    tracker.names["customfield_10021"] = "Flagged"
    issue = tracker.add("SHOP-1", at(1))
    tracker.change(issue, at(2), ("status", {"name": "QA"}))
    tracker.change(issue, at(3), ("customfield_10021", {"value": "Impediment"}))
    tracker.change(issue, at(4), ("customfield_10021", None))
    tracker.change(issue, at(6), ("status", {"name": "Done"}))
    (found,) = told(tracker).values()
    seen = {each.metric: each.value for each in qa(Story(found.events, POLICY), POLICY)}
    assert seen == {QA.name: 4 * HOUR, QA_BLOCKED.name: HOUR}
