"""Whether the code that is written lasts, and whether it is copied, put in order and tested."""

from exporter.measures.escape import Tier
from exporter.render.dashboards.panels import (
    BASELINE,
    CONTEXT_LINES,
    Panel,
    ask,
    baselines,
    coloured,
    counted,
    dotted,
    lines,
    link,
    override,
    table,
)
from exporter.render.dashboards.rows import Dashboard, Row
from exporter.render.dashboards.series import chosen, largest, total
from exporter.render.dashboards.shared import PEOPLE

NOT_READ = "no history was read; see sources[].streams and provider: git"
NONE = "no line landed in this window"
NOT_ASKED = "escapes.blame asks for no suspects, or no change has been merged for 30 days"
MONTH, SEASON = "28d", "90d"
"""The window that repositories have unless configured otherwise."""


def share(stem: str, title: str, about: str, context: tuple[str, float]) -> Panel:
    """One share of lines by origin, with its baseline, what it rests on, and a figure of the industry."""
    ratio, samples = f"sdlc_team_{stem}_ratio", f"sdlc_team_{stem}_samples"
    name, figure = context
    return lines(
        title,
        about,
        [
            ask(largest(chosen(ratio, window="$window"), "origin"), "{{origin}}"),
            ask(largest(chosen(ratio, window="90d"), "origin"), f"{{{{origin}}}}, {BASELINE}"),
            ask(total(chosen(samples, window="$window")), "n"),
            ask(f"vector({figure})", name),
        ],
        unit="percentunit",
        none=NONE,
        width=8,
        step="6h",
        share=True,
        overrides=[*coloured(PEOPLE), *baselines(PEOPLE), counted("n"), CONTEXT_LINES],
    )


LASTS = (
    share(
        "code_churn_14d",
        "Rewritten within 14 days",
        "Share of the new lines that came to the age of 14 days within the window, and were rewritten or removed "
        "before, by the origin of the commit that brought them; dotted, over 90 days, the own baseline. n is lines. "
        "Good is at or below the baseline. It cannot tell a healthy second thought from waste. GitClear's share for "
        "2024, by another way to count, is context and no target.",
        ("GitClear 2024: 5.7%", 0.057),
    ),
    share(
        "code_duplicated",
        "Copied",
        "Share of the new lines landed within the window that stand in a block of five lines which was there before, "
        "by origin; dotted, over 90 days, the own baseline. n is lines. Good is at or below the baseline: copies have "
        "to be mended twice. GitClear's share for 2024, by another way to count, is context and no target.",
        ("GitClear 2024: 12.3%", 0.123),
    ),
    share(
        "code_moved",
        "Moved",
        "Share of the lines landed within the window that came from elsewhere in the same commit, by origin; dotted, "
        "over 90 days, the own baseline. n is lines. Moved lines are code put in order: good is a share that does not "
        "fall while copies rise. GitClear's share for 2024, by another way to count, is context and no target.",
        ("GitClear 2024: 9.5%", 0.095),
    ),
)

WRITTEN = (
    lines(
        "Lines landed, by origin",
        "New and moved lines by hand that landed on default branches within the window, by origin of the commit. More "
        "is no aim; what counts is how much of it lasts. Good is to know where it comes from.",
        [ask(total(chosen("sdlc_team_code_moved_samples", window="$window"), "origin"), "{{origin}}")],
        unit="short",
        decimals=0,
        none=NONE,
        width=12,
        step="6h",
        stack="normal",
        overrides=coloured(PEOPLE),
    ),
    lines(
        "Lines that are tests, by layer",
        "Share of the lines added and deleted within the window that are in tests, by how much of the product a test "
        "puts to work; n is lines. Good is a share that keeps up with the product, most of it in the quick layers.",
        [
            ask(largest(chosen("sdlc_team_code_test_ratio", window="$window"), "layer"), "{{layer}}"),
            ask(total(chosen("sdlc_team_code_test_samples", window="$window")), "n"),
        ],
        unit="percentunit",
        none=NONE,
        width=12,
        step="6h",
        share=True,
        overrides=[counted("n")],
    ),
)


def each(name: str, *by: str) -> str:
    """What a repository has over a month."""
    return largest(chosen(name, window=MONTH), "repository", *by)


REPOSITORIES = table(
    "Repositories, over 28 days",
    "Shares of lines of the last 28 days by repository and origin, and the lines they rest on; below some hundred "
    "lines they are anecdotes. Good is a row that is no worse than the others of its kind.",
    {"repository": "Repository", "origin": "Origin"},
    {
        "Rewritten": each("sdlc_code_churn_14d_ratio", "origin"),
        "n aged": each("sdlc_code_churn_14d_samples", "origin"),
        "Copied": each("sdlc_code_duplicated_ratio", "origin"),
        "n new": each("sdlc_code_duplicated_samples", "origin"),
        "Moved": each("sdlc_code_moved_ratio", "origin"),
        "n landed": each("sdlc_code_moved_samples", "origin"),
    },
    none=NOT_READ,
    sort="Rewritten",
    height=9,
    overrides=[
        override("Repository", links=link("Reviews of this repository", "sdlc-review", "repository")),
        *(override(name, unit="percentunit", decimals=1) for name in ("Rewritten", "Copied", "Moved")),
        *(override(name, decimals=0) for name in ("n aged", "n new", "n landed")),
    ],
)
TESTED = table(
    "Tests of repositories, over 28 days",
    "Share of the lines added and deleted in the last 28 days that are tests, by repository and layer, and all lines "
    "touched. Good is a repository whose tests grow with it.",
    {"repository": "Repository", "layer": "Layer"},
    {
        "Tests": each("sdlc_code_test_ratio", "layer"),
        "n touched": f"{each('sdlc_code_test_ratio', 'layer')} * 0\n"
        f"+ on (repository) group_left () {each('sdlc_code_test_samples')}",
    },
    none=NOT_READ,
    sort="Tests",
    height=7,
    overrides=[override("Tests", unit="percentunit", decimals=1), override("n touched", decimals=0)],
)


def of_team(name: str) -> str:
    """What is told of the team's last 90 days, by origin."""
    return largest(chosen(f"sdlc_team_{name}", window=SEASON), "origin")


SUSPECTS = (
    lines(
        "Suspects, by origin",
        "Suspects are no escapes: share of the merged changes counted within 90 days whose lines a fix took away, at "
        "least half of those it removed, by origin; dotted, the lower end of the 90% interval; the grey area is n. "
        "Good is at or below what it was. Blame wrongs some and misses more: look at the changes, and never add this "
        "to the share that escaped.",
        [
            ask(of_team("escape_suspect_ratio"), "{{origin}}"),
            ask(of_team("escape_suspect_ratio_lower"), "{{origin}}, at least"),
            ask(total(chosen("sdlc_team_escape_suspect_samples", window=SEASON)), "n"),
        ],
        unit="percentunit",
        decimals=1,
        none=NOT_ASKED,
        width=12,
        soft=0.1,
        step="1d",
        overrides=[*coloured(PEOPLE), *dotted(PEOPLE, "at least"), counted("n")],
    ),
    lines(
        "Suspects beside what was named, per week",
        "Changes counted within 7 days as suspect, beside those that escaped by what named them first, from counters. "
        "A change may be among both. Good is few; suspects that rise alone are faults nobody links, or more fixes that "
        "wear a label.",
        [
            ask(total(chosen("sdlc_change_suspects_total", "7d", outcome="suspect")), "suspect"),
            ask(total(chosen("sdlc_escapes_total", "7d"), "tier"), "{{tier}}"),
        ],
        unit="short",
        decimals=0,
        none=NOT_ASKED,
        width=12,
        step="1d",
        overrides=coloured((*Tier, "suspect")),
    ),
    table(
        "Suspects of the repositories, over 28 days",
        "Share of the changes counted in the last 28 days that are suspects, by repository and origin, with the ends "
        "of the 90% interval, and n. Good is a low share on a large n; below 30 it is an anecdote.",
        {"repository": "Repository", "origin": "Origin"},
        {
            "Suspects": each("sdlc_escape_suspect_ratio", "origin"),
            "At least": each("sdlc_escape_suspect_ratio_lower", "origin"),
            "At most": each("sdlc_escape_suspect_ratio_upper", "origin"),
            "n": each("sdlc_escape_suspect_samples", "origin"),
        },
        none=NOT_ASKED,
        sort="Suspects",
        width=12,
        height=8,
        overrides=[override(name, unit="percentunit", decimals=1) for name in ("Suspects", "At least", "At most")],
    ),
    table(
        "Suspects of the team, 90 days",
        "The team's share of suspects over 90 days by origin, with the ends of its 90% interval, and n. Good is a "
        "share at or below that of before; two intervals that overlap tell no difference.",
        {"origin": "Origin"},
        {
            "Suspects": of_team("escape_suspect_ratio"),
            "At least": of_team("escape_suspect_ratio_lower"),
            "At most": of_team("escape_suspect_ratio_upper"),
            "n": of_team("escape_suspect_samples"),
        },
        none=NOT_ASKED,
        sort="n",
        width=12,
        height=8,
        overrides=[override(name, unit="percentunit", decimals=1) for name in ("Suspects", "At least", "At most")],
    ),
)

DASHBOARD = Dashboard(
    uid="sdlc-code",
    title="Code",
    about="Does the code that is written last, or is it copied and rewritten?",
    variables=("datasource", "job", "team", "repository", "origin", "window"),
    pictured=False,
    rows=(
        Row("Does new code last?", LASTS),
        Row("What is written?", WRITTEN),
        Row("Where?", (REPOSITORIES, TESTED)),
        Row("Whose lines do fixes take away?", SUSPECTS),
    ),
)
