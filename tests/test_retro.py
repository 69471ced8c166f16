"""Which themes a note names: whole words, in any case, and nothing that came with a template."""

import pytest

from exporter.retro import RetroRules

RULES = RetroRules()


@pytest.mark.parametrize(
    ("text", "themes"),
    [
        ("We waited for QA again.", ["qa"]),
        ("qa-team was ill; Manual Testing took a week", ["qa"]),
        ("manual\n  testing broken over two lines, and manual-testing with a dash", ["qa"]),
        ("The aqua colours; Qatar; ciao; specially", []),
        ("the sprint review went well, the data pipeline is ours", []),
        ("Code-Reviews piled up, CI was red", ["review", "ci"]),
        ("no test environment, no acceptance criteria", ["environment", "requirements"]),
        ("QA QA QA and testers", ["qa"]),
        ("", []),
    ],
)
def test_a_note_names_a_theme_by_whole_words_and_once(text, themes):
    assert list(RULES.named(text)) == themes


@pytest.mark.parametrize(
    "text",
    ["# QA", "  ## CI and testers", "```\nqa\n```", "> QA was slow", "<!-- QA? -->", "see https://qa.acme.example/ci"],
)
def test_headings_code_quotations_comments_and_addresses_name_nothing(text):
    assert RULES.named(text) == ()


def test_plain_text_has_no_headings():
    assert RULES.named("# QA\n> CI", markdown=False) == ("qa", "ci")


def test_keywords_are_the_organisations_own():
    """A sign that means something in a pattern is only a sign; no keyword at all names nothing."""
    rules = RetroRules(qa=("a+", "prüfstand"), ci=())
    assert rules.named("the PRÜFSTAND") == ("qa",)
    assert rules.named("a+ for effort") == ("qa",)
    assert rules.named("aa ci") == ()


def test_labels_are_globs_without_case():
    assert RULES.is_note("Retrospective")
    assert RULES.is_note("team/retrospective")
    assert not RULES.is_note("retro")
    assert not RetroRules(labels=()).is_note("retrospective")
