import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import Linked, Naming, Referred
from exporter.references import (
    keyed,
    linked,
    linked_by_key,
    linked_by_name,
    references,
    referred,
    referred_by_branch,
    takes_back,
)

SHA = "0123456789abcdef0123456789abcdef01234567"
REVERT, FIX = Naming.REVERT, Naming.FIX


def said(text):
    """What a text in acme/shop says: by naming, commits and changes."""
    return {each.naming: (each.commits, each.changes) for each in referred(text, "acme/shop", "text", 5)}


@pytest.mark.parametrize(
    ("text", "commits", "changes"),
    [
        (f"This reverts commit {SHA}.", (SHA,), ()),
        (f"This reverts commit {SHA}, reversing\nchanges made to {SHA[::-1]}.", (SHA,), ()),
        ("This reverts commits 0123456, 1234567 and ABCDEF0.", ("0123456", "1234567", "abcdef0"), ()),
        ("Reverts acme/shop#12", (), (12,)),
        ("Reverts ACME/Shop#12, see there", (), (12,)),
        ("- **Reverts** #12 and #13", (), (12, 13)),
        ("Reverts https://github.com/acme/shop/pull/12", (), (12,)),
        ("This reverts merge request !12", (), (12,)),
        ("Reverts #12\n\nReverts #12\nReverts #14", (), (12, 14)),
    ],
)
def test_what_a_revert_names(text, commits, changes):
    assert said(text) == {REVERT: (commits, changes)}


@pytest.mark.parametrize(
    ("text", "commits", "changes"),
    [
        (f'Fixes: {SHA[:12]} ("shop: count twice")', (SHA[:12],), ()),
        ("Caused-by: #12", (), (12,)),
        ("Caused-by: 0123456", ("0123456",), ()),
        ("caused by acme/shop#12", (), (12,)),
        (f"Introduced in {SHA[:9]}", (SHA[:9],), ()),
        ("Introduced-by: PR #12", (), (12,)),
        ("Regression from #12, #13 (and more)", (), (12, 13)),
        ("Regression-of: commit 0123456", ("0123456",), ()),
        (f"Caused-by: https://github.com/acme/shop/commit/{SHA}", (SHA,), ()),
        ("* Caused by: https://git.example.org/acme/shop/-/merge_requests/7", (), (7,)),
    ],
)
def test_what_a_fix_names(text, commits, changes):
    assert said(text) == {FIX: (commits, changes)}


@pytest.mark.parametrize(
    "text",
    [
        "Fixes #12",
        "Fixes: #12",
        "Closes: #12",
        "fixes 0123456",
        "See #12, which this reverts",
        "This was caused by #12",
        "Caused by: java.lang.NullPointerException at 0123456",
        "Introduced in version 12",
        "Reverts the order of the list in #12",
        "Reverts 0123456",
        "This reverts commit messages to plain text",
        "This reverts commit #12",
        "Caused-by: #12abc",
        "Caused-by: 0123456789abcdefgh",
        "Caused-by: 012345",
        "> Reverts #12",
        "```\nReverts #12\n```",
        "<!-- Caused-by: #12 -->",
    ],
)
def test_a_mention_is_no_reference(text):
    assert said(text) == {}


def test_another_repositorys_number_is_not_taken_as_ours():
    """Though what reverts there is a revert here: it takes back something."""
    for text in ("Reverts acme/pay#12", "Reverts https://github.com/acme/pay/pull/12", "Reverts a/acme/shop#12"):
        assert said(text) == {}
        assert takes_back("topic", [text])
        assert references([text], "acme/shop")[REVERT].elsewhere
    assert said("Caused-by: acme/pay#12, #3") == {FIX: ((), (3,))}


def test_a_text_states_one_fact_for_each_thing_it_says_and_does_not_name_itself():
    text = f"Reverts #12\n\nFixes: {SHA}\nCaused-by: #7, #9"
    assert referred(text, "acme/shop", "body@5", 5, own=7) == [
        Referred("fix:body@5", 5, FIX, (SHA,), (9,)),
        Referred("revert:body@5", 5, REVERT, (), (12,)),
    ]
    assert referred("Reverts #7", "acme/shop", "body@5", 5, own=7) == []


def test_the_buttons_branch_names_the_change():
    assert referred_by_branch("revert-12-topic", 5) == [Referred("revert:branch", 5, REVERT, (), (12,))]
    assert referred_by_branch("feature/revert-12-topic", 5) == referred_by_branch("revert-12", 5) == []


@given(st.text(alphabet="Reverts caused-by:#12!/.abcdef0\n >`", max_size=200))
def test_any_text_can_be_read(text):
    """And nothing but short lists of short words comes out."""
    for each in referred(text, "acme/shop", "text", 5):
        assert all(7 <= len(sha) <= 40 for sha in each.commits)
        assert all(0 <= number < 10**9 for number in each.changes)


def test_a_long_list_is_cut_and_a_long_line_is_quick():
    assert len(said("Reverts " + ", ".join(f"#{n}" for n in range(1, 99)))[REVERT][1]) == 20
    assert said("Caused-by: " + "a/" * 30_000) == {}
    assert said("Caused-by: https://x/" + "pull/" * 30_000) == {}


def answered(text):
    """The issues that a text of acme/shop answers."""
    return [number for fact in linked(text, "acme/shop", "body@5", 5, own=7) for number in fact.issues]


@pytest.mark.parametrize(
    ("text", "issues"),
    [
        ("Fixes #12", [12]),
        ("This closes: #12 for good.", [12]),
        ("Resolves #10, resolves #11, closed acme/shop#12", [10, 11, 12]),
        ("- Implements issue #12 and #13", [12, 13]),
        ("Fix https://github.com/acme/shop/issues/12", [12]),
        ("Closes https://gitlab.example/acme/shop/-/issues/12.", [12]),
        ("Refs #12", [12]),
        ("**Part of:** #12", [12]),
        ("Related to #12\nIssue: #13", [12, 13]),
        ("Fixes #12\n\nRefs #12, #7", [12]),
    ],
)
def test_an_issue_is_answered_by_a_word_that_closes_it_or_a_line_that_is_about_it(text, issues):
    """Each once, and never the change itself."""
    assert answered(text) == issues


@pytest.mark.parametrize(
    "text",
    [
        "See #12",
        "As said in #12 this is slow",
        "Follows up what refs #12",
        "Fixes the list of #12",
        "Closes acme/pay#12",
        "Fixes https://github.com/acme/pay/issues/12",
        "Fixes https://github.com/acme/shop/pull/12",
        "prefixes #12",
        "Fixes #12abc",
        "> Fixes #12",
        "```\nFixes #12\n```",
        "<!-- Closes #12 -->",
    ],
)
def test_an_issue_that_is_mentioned_is_not_answered(text):
    assert answered(text) == []


def test_a_text_states_once_which_issues_it_answers():
    assert linked("Fixes #1, refs\nRefs #2", "acme/shop", "body@5", 5) == [Linked("linked:body@5", 5, (1, 2))]


@pytest.mark.parametrize(
    ("title", "keys"),
    [
        ("SHOP-17 Empty the cart", ("SHOP-17",)),
        ("[SHOP-17][PAY-2]: both", ("SHOP-17", "PAY-2")),
        ("Empty the cart (SHOP-17, SHOP-17)", ("SHOP-17",)),
        ("shop-17 in small letters", ()),
        ("SHOP-017, XSHOP-1a, SHOP-0, S-1 and SHOP17", ()),
    ],
)
def test_the_keys_of_a_title(title, keys):
    assert keyed(title) == keys


@pytest.mark.parametrize(
    ("branch", "keys"),
    [
        ("feature/shop-17-empty-the-cart", ("SHOP-17",)),
        ("SHOP-17_PAY-2", ("SHOP-17", "PAY-2")),
        ("my-shop-17", ("SHOP-17",)),
        ("topic", ()),
    ],
)
def test_a_branch_has_keys_in_any_case(branch, keys):
    assert keyed(branch, any_case=True) == keys


def test_a_name_states_its_keys_beside_the_numbers_that_it_stated_before():
    assert linked_by_name("SHOP-17", "title", 5) == [Linked("keys:title", 5, (), ("SHOP-17",))]
    assert linked_by_name("Empty the cart", "title", 5) == []


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("SHOP-17", ("SHOP-17",)),
        ("Work\n\nJira: SHOP-17, PAY-2", ("SHOP-17", "PAY-2")),
        ("- **Ticket**: [SHOP-17](https://acme.atlassian.net/browse/SHOP-17)", ("SHOP-17",)),
        ("https://acme.example/jira/browse/SHOP-17", ("SHOP-17",)),
        ("It is done and closes SHOP-17 and SHOP-18.", ("SHOP-17", "SHOP-18")),
        ("Part of [SHOP-17]: the cart", ("SHOP-17",)),
        ("Like SHOP-17 it empties the cart", ()),
        ("> SHOP-17", ()),
        ("SHOP-17-cart", ()),
        ("Closes #17", ()),
    ],
)
def test_a_description_names_what_it_answers_at_the_beginning_of_a_line(text, keys):
    assert linked_by_key(text, "body@5", 5) == ([Linked("keys:body@5", 5, (), keys)] if keys else [])


def test_another_pattern_of_keys():
    """Groups in it are its own affair."""
    assert keyed("(app)-0017, SHOP-17", r"app()-\d+") == ()
    assert keyed("see app-0017, SHOP-17", r"(app)-\d+") == ("APP-0017",)
    assert linked_by_key("app-0017", "body@5", 5, r"(app)-\d+") == [Linked("keys:body@5", 5, (), ("APP-0017",))]


@given(st.text(alphabet="SHOP-17 []():/#\n", max_size=60))
def test_no_text_is_too_strange_for_keys(text):
    assert all(key in text for fact in linked_by_key(text, "body", 5) for key in fact.keys)
    assert all(key in text for key in keyed(text))
