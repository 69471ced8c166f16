"""What is kept of a description and of a commit message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.markers import marker_lines, plain, trailer_lines

FOOTER = "🤖 Generated with [Claude Code](https://claude.com/claude-code)"


def test_a_footer_is_kept_without_its_emoji_and_prose_is_not():
    body = f"This parser is faster.\r\n\r\n{FOOTER}\r\n\r\nCo-Authored-By: Claude <noreply@anthropic.com>\r\n"
    assert marker_lines(body) == (
        "Generated with [Claude Code](https://claude.com/claude-code)",
        "Co-Authored-By: Claude <noreply@anthropic.com>",
    )


@pytest.mark.parametrize(
    "body",
    [
        f"```\n{FOOTER}\n```",
        f"~~~~text\n{FOOTER}\n~~~\n{FOOTER}\n~~~~",
        f"```\n{FOOTER}",
        f"> {FOOTER}",
        f"  > > {FOOTER}",
        f"<!-- {FOOTER} -->",
        f"<!--\n\n{FOOTER}\n-->",
        f"`{FOOTER}`",
        "I saw “Generated with Claude Code” somewhere",
        "- [ ] AI-assisted",
        "",
    ],
)
def test_what_is_quoted_or_hidden_is_not_kept(body):
    assert not [line for line in marker_lines(body) if "https" not in line or line.startswith("Generated")]


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("```a```\nMade-with: Cursor", ("Made-with: Cursor",)),
        ("<!-- note -->Made-with: Cursor", ("Made-with: Cursor",)),
        ("<!-- a --> <!-- b\n--> Made-with: Cursor", ("Made-with: Cursor",)),
        ("```\ncode\n```\nMade-with: Cursor", ("Made-with: Cursor",)),
        ("**AI-assisted:** true", ("AI-assisted: true",)),
        ("* [X]  AI-assisted", ("[X] AI-assisted",)),
        ("Reverts acme/shop#12", ("Reverts acme/shop#12",)),
        ("see <https://a.example/x> and [b](https://b.example/y).", ("https://a.example/x https://b.example/y",)),
        ('<p><a href="https://cursor.com/agents/bc-1">Open</a></p>', ("https://cursor.com/agents/bc-1",)),
    ],
)
def test_what_stands_outside_is_kept(body, kept):
    assert marker_lines(body) == kept


def test_of_a_prose_line_only_its_links_are_kept():
    assert marker_lines("Ada told me about https://app.devin.ai/sessions/1 yesterday") == (
        "https://app.devin.ai/sessions/1",
    )


def test_a_long_list_of_links_does_not_push_out_the_footer():
    """A dependency bot's list of 200 links stands before the signature; 40 lines are kept."""
    body = "\n".join(f"- https://example.com/{number}" for number in range(200)) + f"\n\n{FOOTER}"
    kept = marker_lines(body)
    assert len(kept) == 40
    assert kept[-1].startswith("Generated with")
    assert kept[0] == "https://example.com/0"


def test_a_long_line_is_cut_at_300_characters():
    assert [len(line) for line in marker_lines("Note: " + "x" * 1000)] == [300]


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        (
            "Why.\n\nReviewed-by: A <a@x.example>\n\nCo-authored-by: B <b@x.example>\n",
            ("Reviewed-by: A <a@x.example>", "Co-authored-by: B <b@x.example>"),
        ),
        ("Note: this is prose\n\nand so is this\n\nFixes: #1", ("Fixes: #1",)),
        (f"{FOOTER}\n\nmore prose", ("Generated with [Claude Code](https://claude.com/claude-code)",)),
        ("- one\n- two\nCo-Authored-By: B <b@x.example>", ("Co-Authored-By: B <b@x.example>",)),
        ("> Co-authored-by: B <b@x.example>", ()),
        ("", ()),
    ],
    ids=[
        "two paragraphs of trailers",
        "an earlier key is prose",
        "a footer anywhere",
        "below a list",
        "quoted",
        "empty",
    ],
)
def test_trailers_are_those_of_the_last_paragraphs(message, kept):
    assert trailer_lines(message) == kept


def test_at_most_the_last_20_trailers_are_kept():
    lines = [f"Key-{number}: value" for number in range(30)]
    assert trailer_lines("\n".join(lines)) == tuple(lines[10:])


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("  - **Made  with [Cursor](https://cursor.com)**", "Made with Cursor"),
        ("<sub>✨ Generated with Crush</sub>", "Generated with Crush"),
        ("Co-authored-by: A <a_b_c@x.example>", "Co-authored-by: A <a_b_c@x.example>"),
        ("`code`", "`code`"),
        ("🤖", ""),
    ],
)
def test_plain_is_the_line_as_read_aloud(line, read):
    assert plain(line) == read


@given(st.text(alphabet=st.sampled_from(" \n\r`~>-*_[]()<!x:/#Generated with https://a.b🤖"), max_size=300))
def test_any_text_can_be_read_and_what_is_kept_reads_the_same_again(text):
    """No text raises; 40 lines of 300 characters bound the store."""
    kept = marker_lines(text)
    assert len(kept) <= 40
    assert all(0 < len(line) <= 300 and "\n" not in line for line in kept)
    assert all(plain(plain(line)) == plain(plain(plain(line))) for line in kept)
    assert len(trailer_lines(text)) <= 20
