"""Who wrote a change: the shipped table row by row, the order of evidence, and what must not deceive it."""

import csv
import gzip
import json
import os
from collections import Counter
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pytest

from exporter.errors import ConfigError
from exporter.markers import marker_lines, trailer_lines
from exporter.model import Actor, Committed, Described, Origin
from exporter.origin_rules import MATCHERS
from exporter.policy import Evidence, compile_rules, packaged
from exporter.render.origin import render

ROWS = packaged()
TABLE = compile_rules(ROWS)
ADA = Actor("ada")
DAY = 86400


def at(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


NOON = at("2026-02-02T12:00")


def commit(
    message="", when=NOON, *, author="Ada", email="ada@x.example", committer=("Ada", "ada@x.example"), login="", sha=""
):
    """A commit whose message begins with a headline, as messages do."""
    return Committed(
        sha or f"c{when}",
        when,
        sha=sha or f"{when:040d}",
        authored=when,
        names=(author, committer[0]),
        emails=(email, committer[1]),
        login=login,
        trailers=trailer_lines(message),
    )


def body(text: str, when: int = NOON) -> Described:
    return Described(f"d{when}", when, lines=marker_lines(text))


def evidence(*facts: Committed | Described, author: Actor = ADA, head: str = "fix", opened: int = NOON) -> Evidence:
    return Evidence(
        author,
        opened,
        head,
        tuple(fact for fact in facts if isinstance(fact, Committed)),
        tuple(fact for fact in facts if isinstance(fact, Described)),
    )


def told(found):
    return found.origin.value, found.tool, found.where


# --- the table, row by row


def asked(row: dict, text: str) -> list[Evidence]:
    """Every place in which a row of this kind may meet this text."""
    by = next(key for key in MATCHERS if key in row)
    # A date on which the row holds: the day it begins, or the last before it ends.
    when = (
        at(str(row["valid_from"]))
        if "valid_from" in row
        else at(str(row["valid_to"])) - 1
        if "valid_to" in row
        else NOON
    )
    places = {
        "logins": lambda: [evidence(author=Actor(text, text.endswith("[bot]")), opened=when)],
        "branches": lambda: [evidence(head=text, opened=when)],
        "emails": lambda: [
            evidence(commit(email=text, when=when)),
            evidence(commit(f"Co-authored-by: Somebody <{text}>", when=when)),
            evidence(body(f"Co-authored-by: Somebody <{text}>", when)),
        ],
        "author_suffixes": lambda: [evidence(commit(author=text, when=when))],
        "trailers": lambda: [evidence(commit(f"Why.\n\n{text}", when=when)), evidence(body(text, when))],
        "footers": lambda: [evidence(commit(f"Why.\n\n{text}", when=when)), evidence(body(f"Why.\n\n{text}", when))],
        "checkboxes": lambda: [evidence(body(text, when))],
        "links": lambda: [evidence(body(f"Why.\n\n{text}", when))],
    }
    return places[by]()


# An agent named as co-author, rather than as the author of the first commit, assisted.
GIVES = {"agentic": ("agentic", "assisted"), "assisted": ("assisted",), "bot": ("bot",), "reviewer": ("bot",)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_every_row_matches_its_example_in_every_place_it_reads(row):
    for question in asked(row, row["example"]):
        found = TABLE.decide(question)
        assert found.rule == row["name"]
        assert found.tool == row.get("tool", "")
        assert found.origin.value in GIVES[row["class"]]


@pytest.mark.parametrize("row", [row for row in ROWS if "counterexample" in row], ids=lambda row: row["name"])
def test_no_row_matches_a_counterexample(row):
    for question in asked(row, row["counterexample"]):
        assert TABLE.decide(question).origin is Origin.UNMARKED


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_a_disabled_row_decides_nothing(row):
    for question in asked(row, row["example"]):
        assert compile_rules(ROWS, disabled=[row["name"]]).decide(question).rule != row["name"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_every_row_says_how_sure_it_is_and_from_where_it_is_known(row):
    assert row["confidence"] in ("high", "medium", "low")
    assert row["source"]


def test_no_value_stands_in_two_rows_at_the_same_time():
    held = [(row.by, value, row) for row in TABLE.rows for value in row.values]
    twice = [
        (by, value)
        for index, (by, value, row) in enumerate(held)
        for other, text, second in held[index + 1 :]
        if (other, text) == (by, value) and row.valid_from < second.valid_to and second.valid_from < row.valid_to
    ]
    assert twice == []


def test_the_tools_of_the_contract_are_covered():
    tools = {row.tool for row in TABLE.rows}
    assert {
        "claude-code", "copilot", "cursor", "codex", "devin", "aider", "gemini", "jules", "amp", "windsurf", "amazon-q",
        "openhands", "replit", "unnamed",
    } <= tools  # fmt: skip


# --- one case a line: what is seen, what it is

ANTHROPIC = "Co-Authored-By: Claude Opus 4.6 (1M context) <noreply@anthropic.com>"
FOOTER = "🤖 Generated with [Claude Code](https://claude.com/claude-code)"
DEVIN = Actor("devin-ai-integration[bot]", True)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (evidence(author=Actor("copilot")), ("agentic", "copilot", "account")),
        (evidence(author=DEVIN), ("agentic", "devin", "account")),
        (evidence(author=Actor("dependabot[bot]", True)), ("bot", "", "account")),
        (evidence(author=Actor("acme-deploy[bot]", True)), ("bot", "", "account")),
        (evidence(author=Actor("renovate-bot")), ("bot", "", "account")),
        (evidence(author=Actor("coderabbitai[bot]", True)), ("bot", "", "account")),
        (evidence(author=Actor("cursor[bot]", True)), ("agentic", "cursor", "account")),
        (evidence(author=Actor("")), ("unmarked", "", "")),
        (evidence(head="Copilot/Fix-12"), ("agentic", "copilot", "branch")),
        (evidence(head="codex/x"), ("agentic", "codex", "branch")),
        (evidence(commit(f"Why.\n\n{ANTHROPIC}")), ("assisted", "claude-code", "commit")),
        (evidence(commit(ANTHROPIC.upper())), ("assisted", "claude-code", "commit")),
        (evidence(commit("Signed-off-by: Claude <noreply@anthropic.com>")), ("assisted", "claude-code", "commit")),
        (evidence(commit("Assisted-by: Claude Code <noreply@anthropic.com>")), ("assisted", "claude-code", "commit")),
        (evidence(commit("Assisted-by: Claude:claude-opus-4-6 coccinelle")), ("assisted", "claude-code", "commit")),
        (evidence(commit("Assisted-by: LLM")), ("assisted", "unnamed", "commit")),
        (evidence(commit(email="198982749+copilot@users.noreply.github.com")), ("agentic", "copilot", "commit")),
        (evidence(commit(email="41898282+claude[bot]@users.noreply.github.com")), ("agentic", "claude-code", "commit")),
        (evidence(commit(login="cursoragent")), ("agentic", "cursor", "commit")),
        (evidence(commit(author="Ada (aider)")), ("assisted", "aider", "commit")),
        (evidence(body(FOOTER)), ("assisted", "claude-code", "description")),
        (evidence(body("Generated with Claude Code")), ("assisted", "claude-code", "description")),
        (evidence(body(f"*{FOOTER} via [Happy](https://a.example)*")), ("assisted", "claude-code", "description")),
        (evidence(body("Generated with Claude Code (claude-opus-4-6)")), ("assisted", "claude-code", "description")),
        (evidence(body(f"Squashed.\n\n{ANTHROPIC}")), ("assisted", "claude-code", "description")),
        (evidence(body("------\nhttps://chatgpt.com/codex/tasks/task_e_68")), ("agentic", "codex", "description")),
        (evidence(body("Link to Devin run: https://app.devin.ai/sessions/0a1b")), ("agentic", "devin", "description")),
        (evidence(body("**AI-Assisted:** yes")), ("assisted", "unnamed", "description")),
    ],
)  # fmt: skip
def test_a_marker_is_read(question, answer):
    assert told(TABLE.decide(question)) == answer


@pytest.mark.parametrize(
    "question",
    [
        evidence(author=Actor("devin")),
        evidence(author=Actor("cursor-fan")),
        evidence(author=Actor("copilot-swe")),
        evidence(head="codex-notes"),
        evidence(head="codex/"),
        evidence(head="feature/codex/x"),
        evidence(head="devin"),
        evidence(commit(author="Devin Smith", email="devin@x.example")),
        evidence(commit(author="Claude Monet", email="claude@x.example")),
        evidence(commit("Co-authored-by: Claude")),
        evidence(commit("Co-authored-by: Copilot <ada@x.example>")),
        evidence(commit("Co-authored-by: coderabbitai[bot] <136622811+coderabbitai[bot]@users.noreply.github.com>")),
        evidence(commit("Reviewed-by: Claude <noreply@anthropic.com>")),
        evidence(commit("Tested-by: Devin <158243242+devin-ai-integration[bot]@users.noreply.github.com>")),
        evidence(commit("Assisted-by: Grace Example <grace@x.example>")),
        evidence(commit("Assisted-by: grace@x.example")),
        evidence(commit("Assisted-by: none")),
        evidence(commit("AI-assisted: False")),
        evidence(commit("Made-with: love")),
        evidence(commit("We no longer use Claude Code here.")),
        evidence(commit(committer=("Ada (aider)", "ada@x.example"))),
        evidence(commit(committer=("Copilot", "198982749+copilot@users.noreply.github.com"))),
        evidence(commit(committer=("GitHub", "noreply@github.com"))),
        evidence(commit(email="41898282+github-actions[bot]@users.noreply.github.com")),
        evidence(commit(email="2198982749+ada@users.noreply.github.com")),
        evidence(commit(email="198982749+copilot@users.noreply.example.com")),
        evidence(commit(email="xnoreply@anthropic.com")),
        evidence(body("We should try Claude Code, Cursor and Devin.")),
        evidence(body(f"> {FOOTER}")),
        evidence(body(f"```\n{FOOTER}\n```")),
        evidence(body(f"`{FOOTER}`")),
        evidence(body(f"<!-- {FOOTER} -->")),
        evidence(body("Generated with Claude Code is the footer we look for")),
        evidence(body("The footer says Generated with Claude Code")),
        evidence(body("Not generated with Claude Code")),
        evidence(body("Generated with [Claude Code Review Bot](https://x.example)")),
        evidence(body("Generated with love")),
        evidence(body("- [ ] AI-assisted")),
        evidence(body("- [x] AI-assisted code is not allowed here")),
        evidence(body("See https://chatgpt.com/codex and https://docs.devin.ai/sessions/1")),
        evidence(body("https://evil.example/?u=app.devin.ai/sessions/1")),
        evidence(body("https://notapp.devin.ai/sessions/1")),
        evidence(body("https://github.com/acme/shop/compare/codex/x...main")),
    ],
)
def test_what_only_looks_like_a_marker_is_nothing(question):
    assert TABLE.decide(question).origin is Origin.UNMARKED


# --- order and dates


def test_the_order_is_account_branch_commit_description():
    """Each stands in the way of the next, and taken away lets the next decide."""
    signed, described = commit(ANTHROPIC), body("https://chatgpt.com/codex/tasks/task_e_1")
    whole = evidence(signed, described, author=DEVIN, head="copilot/x")
    assert told(TABLE.decide(whole)) == ("agentic", "devin", "account")
    assert told(TABLE.decide(evidence(signed, described, head="copilot/x"))) == ("agentic", "copilot", "branch")
    assert told(TABLE.decide(evidence(signed, described))) == ("assisted", "claude-code", "commit")
    assert told(TABLE.decide(evidence(described))) == ("agentic", "codex", "description")


def test_a_bot_that_pushes_to_an_agents_branch_stays_a_bot():
    assert TABLE.decide(evidence(author=Actor("github-actions[bot]", True), head="claude/issue-1")).origin is Origin.BOT


AGENT = "198982749+copilot@users.noreply.github.com"


def test_an_agent_that_wrote_the_first_commit_began_the_change_and_one_that_came_later_assisted():
    begun = evidence(commit(when=NOON, email=AGENT), commit(when=NOON + 60))
    joined = evidence(commit(when=NOON), commit(when=NOON + 60, email=AGENT))
    named = evidence(commit(f"Co-authored-by: Copilot <{AGENT}>"))
    assert [TABLE.decide(each).origin.value for each in (begun, joined, named)] == ["agentic", "assisted", "assisted"]


def test_the_oldest_marked_commit_decides_in_whatever_order_they_are_told():
    commits = [commit(when=NOON), commit(ANTHROPIC, NOON + 1), commit("Made-with: Cursor", NOON + 2)]
    assert {TABLE.decide(evidence(*told)).tool for told in permutations(commits)} == {"claude-code"}


def test_only_the_first_description_counts():
    """A footer that is added, or removed, by a later edit changes nothing."""
    clean, signed = "Why.", "Generated with Claude Code"
    assert TABLE.decide(evidence(body(signed, NOON + 9), body(clean, NOON))).origin is Origin.UNMARKED
    assert TABLE.decide(evidence(body(clean, NOON + 9), body(signed, NOON))).origin is Origin.ASSISTED


def test_the_trailers_of_an_agent_that_name_its_user_are_not_turned_round():
    """Devin's commits name the person who asked; in a change by that person they are nothing."""
    assert TABLE.decide(evidence(commit("Co-Authored-By: Ada Example <ada@x.example>"))).origin is Origin.UNMARKED


@pytest.mark.parametrize(
    ("day", "origin"),
    [
        ("2026-04-14T23:59:59", "assisted"),
        ("2026-04-15T00:00:00", "unmarked"),
        ("2026-05-31T23:59:59", "unmarked"),
        ("2026-06-01T00:00:00", "assisted"),
    ],
)
def test_the_editors_own_trailer_is_ignored_while_it_was_on_by_default(day, origin):
    """The commit's date counts, not the opening's."""
    line = "Co-authored-by: Copilot <copilot@github.com>"
    assert TABLE.decide(evidence(commit(line, at(day)), opened=NOON)).origin.value == origin
    assert TABLE.decide(evidence(body(line, at(day)), opened=NOON)).origin.value == origin
    assert TABLE.decide(evidence(commit(when=at(day), email="copilot@github.com"))).origin.value == origin


def test_account_and_branch_are_dated_at_the_opening():
    """A rule that begins on 2 March does not hold for a change opened on 1 March, whatever its commits' dates."""
    rows = [
        {"name": "a", "tool": "acme", "class": "agentic", "logins": ["acme"], "valid_from": "2026-03-02"},
        {"name": "b", "tool": "acme", "class": "agentic", "branches": ["acme/"], "valid_from": "2026-03-02"},
    ]
    table = compile_rules([], rows)
    for opened, origin in (("2026-03-01T23:59:59", Origin.UNMARKED), ("2026-03-02", Origin.AGENTIC)):
        late = commit(when=at("2026-04-01"))
        assert table.decide(evidence(late, author=Actor("acme"), opened=at(opened))).origin is origin
        assert table.decide(evidence(late, head="acme/x", opened=at(opened))).origin is origin


# --- reviewers


@pytest.mark.parametrize(
    "actor",
    [
        Actor("acme-lint[bot]", True),
        Actor("acme-lint", True),
        Actor("acme-lint[bot]"),
        Actor("codecov-commenter"),
        Actor("coderabbitai[bot]", True),
        Actor("copilot-pull-request-reviewer[bot]", True),
        Actor("gemini-code-assist[bot]", True),
        Actor("cursor[bot]", True),
        Actor("copilot"),
        Actor("cursoragent"),
    ],
    ids=lambda actor: actor.login,
)
def test_a_bot_an_agent_and_an_ai_reviewer_are_no_human_reviewers(actor):
    assert not TABLE.is_reviewer_person(actor)


@pytest.mark.parametrize("login", ["ada", "devin", "cursor-fan", "claude-monet", ""])
def test_a_person_and_a_deleted_account_are_human_reviewers(login):
    assert TABLE.is_reviewer_person(Actor(login))


# --- configuration


ACME = {"name": "acme", "tool": "acme", "class": "agentic", "branches": ["acme/"]}


def test_an_extra_row_is_asked_before_the_shipped_ones():
    own = {"name": "ours", "tool": "ours", "class": "assisted", "branches": ["copilot/"]}
    assert told(compile_rules(ROWS, [own]).decide(evidence(head="copilot/x"))) == ("assisted", "ours", "branch")


def test_an_extra_row_with_the_name_of_a_shipped_one_replaces_it():
    table = compile_rules(ROWS, [{**ACME, "name": "devin-branch"}])
    assert table.decide(evidence(head="acme/x")).rule == "devin-branch"
    assert table.decide(evidence(head="devin/x")).origin is Origin.UNMARKED


def test_an_extra_row_can_make_a_listed_bot_an_agent():
    own = {"name": "ours", "tool": "ours", "class": "agentic", "logins": ["Renovate[bot]"]}
    table = compile_rules(ROWS, [own])
    assert told(table.decide(evidence(author=Actor("renovate[bot]", True)))) == ("agentic", "ours", "account")


def test_bots_and_people_of_the_configuration_win_over_forge_and_table():
    table = compile_rules(ROWS, bots=["Acme-Robot", "copilot"], people=["acme-helper[bot]", "weblate"])
    assert table.decide(evidence(author=Actor("acme-robot"), head="codex/x")).origin is Origin.BOT
    assert table.decide(evidence(author=Actor("copilot"))).origin is Origin.BOT
    assert table.decide(evidence(author=Actor("acme-helper[bot]", True))).origin is Origin.UNMARKED
    assert table.decide(evidence(author=Actor("weblate"), head="codex/x")).tool == "codex"
    logins = ("acme-robot", "copilot", "acme-helper[bot]", "weblate")
    assert [table.is_reviewer_person(Actor(login, True)) for login in logins] == [False, False, True, True]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"colour": "red"}, "unknown key 'colour'"),
        ({"name": ""}, "name is missing"),
        ({"tool": 7}, "tool is missing or not text"),
        ({"class": "human"}, "class is 'human'; write one of agentic, assisted, bot, reviewer"),
        ({"class": ["bot"]}, "class is ['bot']"),
        ({"class": "reviewer"}, "branches cannot make a change 'reviewer'"),
        ({"links": ["a.example/x/"]}, "matches by branches and links; write exactly one of"),
        ({"branches": []}, "branches is not a list with at least one entry"),
        ({"branches": "acme/"}, "branches is not a list with at least one entry"),
        ({"branches": ["acme"]}, "branches: 'acme' cannot be used; end the prefix with"),
        ({"branches": ["/"]}, "branches: '/' cannot be used"),
        ({"branches": [3]}, "branches: 3 cannot be used"),
        ({"valid_from": "soon"}, "valid_from is 'soon'; write a date such as 2026-04-15"),
        ({"valid_from": datetime(2026, 1, 1, 9, tzinfo=UTC)}, "write a date such as"),
        ({"valid_from": "2026-02-02", "valid_to": "2026-02-02"}, "valid_to is not after valid_from"),
        ({"source": ["x"]}, "source is not text"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_used_is_refused_with_a_remedy(change, sentence):
    with pytest.raises(ConfigError) as raised:
        compile_rules(ROWS, [{**ACME, **change}])
    assert str(raised.value).startswith("extra rule 1 (")
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("by", "value"),
    [
        ("logins", "two words"),
        ("logins", "*"),
        ("emails", "Ada"),
        ("emails", "@anthropic.com"),
        ("emails", "noreply@github.com"),
        ("author_suffixes", "Claude"),
        ("trailers", "Assisted"),
        ("trailers", "*: *"),
        ("footers", "Claude Code"),
        ("footers", "Generated with"),
        ("footers", "Built with Acme Agent"),
        ("links", "https://a.example/x/"),
        ("links", "a.example"),
        ("links", "a.example/x"),
        ("checkboxes", " "),
    ],
)
def test_a_value_that_would_match_people_or_nothing_is_refused(by, value):
    with pytest.raises(ConfigError, match="cannot be used; "):
        compile_rules([], [{"name": "a", "tool": "a", "class": "agentic", by: [value]}])


def test_all_faults_are_told_at_once_with_their_places():
    with pytest.raises(ConfigError) as raised:
        compile_rules(ROWS, [ACME, ACME, "acme", {}], ["nope"], ["a b", "x"], ["X"])
    lines = str(raised.value).splitlines()
    assert [line.split(";")[0] for line in lines] == [
        "extra rule 2 (acme): the name is taken by an earlier row",
        "extra rule 3 (without a name): not a mapping",
        "extra rule 4 (without a name): class is None",
        "extra rule 4 (without a name): name is missing or not text",
        "extra rule 4 (without a name): matches by nothing",
        "disabled rule 'nope': no rule has this name",
        "bots: 'a b' cannot be used",
        "'x' is in both bots and people",
    ]


def test_a_bot_needs_no_tool():
    table = compile_rules([], [{"name": "robots", "class": "bot", "branches": ["robot/"]}])
    assert told(table.decide(evidence(head="robot/x"))) == ("bot", "", "branch")


def test_the_fingerprint_follows_meaning_and_not_words():
    reasoned = [{**row, "source": "elsewhere", "confidence": "low"} for row in ROWS]
    assert compile_rules(reasoned).fingerprint == TABLE.fingerprint
    assert compile_rules(list(reversed(ROWS))).fingerprint != TABLE.fingerprint
    assert compile_rules(ROWS, [ACME]).fingerprint != TABLE.fingerprint
    assert compile_rules(ROWS, [{**ACME, "valid_to": "2026-03-01"}]).fingerprint != (
        compile_rules(ROWS, [ACME]).fingerprint
    )


def test_evidence_never_shows_a_persons_address_or_a_whole_branch():
    seen = [
        TABLE.decide(evidence(head="copilot/fix-the-login-of-ada-example")).evidence,
        TABLE.decide(
            evidence(commit(f"Signed-off-by: Ada <ada@x.example>\n{ANTHROPIC}", sha="0123456789abcdef"))
        ).evidence,
        TABLE.decide(evidence(body("Generated with Claude Code (for ada@x.example)"))).evidence,
    ]
    assert seen == [
        "branch copilot/fix-the-logi…",
        "commit 0123456789: co-author noreply@anthropic.com",
        "description: footer generated with claude code",
    ]


def test_the_documentation_holds_the_table_as_it_is():
    """After a change of the table: exporter.render.origin.place(text) makes the new text of docs/ai-origin.md."""
    document = Path(__file__).parents[1] / "docs" / "ai-origin.md"
    table = render()
    assert table in document.read_text(encoding="utf-8")
    assert all(f"| `{row['name']}` |" in table for row in ROWS)


# --- real changes


DATA = Path(os.environ.get("SDLC_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))


def real(line: dict) -> Evidence:
    """A recorded change; what the record only infers (from the label this test compares with) is left out."""
    opened = at(line["created_at"].removesuffix("Z"))
    login = (line["user"] or "").lower()
    commits = [
        commit(
            each["msg"].partition("\n")[2],
            max(opened, at(each["ct"].removesuffix("Z"))),
            author=each["an"],
            email=each["ae"],
            committer=(each["cn"], each["ce"]),
            sha=each["sha"],
        )
        for each in line.get("commits") or ()
        if each["src"] != "inferred"
    ]
    return evidence(
        *commits,
        body(line["body"] or "", opened),
        author=Actor(login, login.endswith("[bot]") or login == "copilot"),
        head="" if line.get("head_ref_src") == "inferred" else line.get("head_ref") or "",
        opened=opened,
    )


@pytest.fixture(scope="module")
def judged() -> dict[str, Counter]:
    """How often each label met each (origin, tool)."""
    if not (DATA / "labels.csv").is_file():
        pytest.skip(f"no real pull requests at {DATA}")
    with (DATA / "labels.csv").open(encoding="utf-8") as file:
        labels = {(row["repo"].lower(), int(row["number"])): row["agent"] for row in csv.DictReader(file)}
    counts: dict[str, Counter] = {label: Counter() for label in labels.values()}
    for path in sorted(DATA.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            repository = ""
            for line in map(json.loads, file):
                if line["type"] == "repo":
                    repository = line["full_name"].lower()
                if line["type"] == "pr":
                    found = TABLE.decide(real(line))
                    counts[labels[repository, line["number"]]][found.origin.value, found.tool] += 1
    for label, counted in sorted(counts.items()):
        print(f"{label}: {dict(counted)}")
    return counts


@pytest.mark.real
@pytest.mark.parametrize(
    ("label", "marked", "least"),
    [
        ("Copilot", ("agentic", "copilot"), 577),
        ("Devin", ("agentic", "devin"), 288),
        # 59 of 213 have their branch on record, 79 link their task, 2 have both; other branches are inferred.
        ("OpenAI_Codex", ("agentic", "codex"), 136),
        # 14 of 26 have their branch or their commits on record.
        ("Cursor", ("agentic", "cursor"), 14),
        # firezone/firezone#9019 says "Co-authored-by: Claude" without an address: a name, which does not decide.
        ("Claude_Code", ("assisted", "claude-code"), 29),
        ("Cursor_declared", ("assisted", "cursor"), 1),
    ],
)
def test_recorded_changes_of_an_agent_are_recognised(judged, label, marked, least):
    assert judged[label][marked] >= least


@pytest.mark.real
def test_no_recorded_change_of_a_person_is_called_ai(judged):
    """871 changes to IETF drafts and 49 to a Go library before 2025; 173 later ones without a sign of an agent."""
    assert judged["Human"] == Counter({("unmarked", ""): 920})
    assert judged["Human_presumed"] == Counter({("unmarked", ""): 173})
