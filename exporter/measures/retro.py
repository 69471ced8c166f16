"""What retrospective notes name: the one thing here that people say of their work, and not their tools."""

from collections.abc import Iterator

from exporter.catalogue import Detail, Group, Kind, Observation, Pool, Twin, measure, metric, summary
from exporter.measures.windows import Gauges
from exporter.model import Noted, Thing
from exporter.policy import Policy
from exporter.retro import Theme
from exporter.story import Story

SPRINTS = 6
"""Sprints that the ratio looks back over."""

MENTIONS = metric(
    "sdlc_retro_mentions_total",
    Kind.COUNTER,
    Group.EVENTS,
    "Retrospective notes that name a theme, by its keywords; only of notes that were supplied, as files or as issues.",
    why="What a team says holds it up, beside what its tools measure. People name what they see, not what is scarce.",
    labels=("theme",),
    detail=Detail.ORGANISATION,
)
NOTE_FACT = metric(
    "retro_note",
    Kind.FACT,
    Group.EVENTS,
    "A retrospective note (no theme), and each theme that one names.",
    labels=("repository", "theme"),
)

RATIO = Twin(
    None,
    metric(
        "sdlc_retro_mentions_ratio",
        Kind.GAUGE,
        Group.WINDOWS,
        "Share of the last six sprints with retrospective notes in which some note named the theme; scope is a team, "
        "or all.",
        why="A theme that comes back sprint after sprint was not solved by being named.",
        labels=("scope", "theme"),
    ),
)
SAMPLES = Twin(
    None,
    metric(
        "sdlc_retro_mentions_samples",
        Kind.GAUGE,
        Group.WINDOWS,
        "How many of the last six sprints have retrospective notes.",
        why="The ratio times this is the number of sprints that named the theme.",
        labels=("scope",),
    ),
)


@measure(MENTIONS, NOTE_FACT, of=Thing.ISSUE)
def retro_mentions(note: Story, _: Policy) -> Iterator[Observation]:
    """A note at its date, and each theme at the date of the first version that names it: once, whatever follows."""
    seen: set[str] = set()
    for event in note.own(Noted):
        for theme in dict.fromkeys(("", *event.themes)):
            if theme in seen:
                continue
            seen.add(theme)
            yield Observation(NOTE_FACT.name, event.id, theme, event.at, (theme,), 1)
            if theme:
                yield Observation(MENTIONS.name, event.id, theme, event.at, (theme,), 1)


@summary(NOTE_FACT, windows=("90d",), teams=True, slides=True, gives=(RATIO, SAMPLES))
def retro_sprints(pool: Pool) -> Gauges:
    """In how many of the last six sprints, counted back from each window's end, a theme was named (definitions 121)."""
    sprints: list[set[str]] = [set() for _ in range(SPRINTS)]
    for each in pool.of(NOTE_FACT):
        for at in each.at:
            place = (each.end - at) // pool.policy.sprint
            if place < SPRINTS:
                sprints[place].add(each.labels[0])
    held = [named for named in sprints if named]
    if held:
        yield SAMPLES, (), len(held)
        for theme in Theme:
            yield RATIO, (str(theme),), sum(theme in named for named in held) / len(held)
