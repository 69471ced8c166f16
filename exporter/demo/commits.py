"""Merged changes of the pretend organisation as commits of its default branches, and how long their lines last."""

from collections.abc import Sequence
from random import Random

from exporter.demo.cast import PERSON, Climate, Writer
from exporter.model import Actor, Aged, CodeEvent, Fact, FilesChanged, Landed, Layer, Merged

DAY = 86400


def landed(rng: Random, weather: Climate, writer: Writer, facts: Sequence[Fact]) -> tuple[str, tuple[CodeEvent, ...]]:
    """The commit of a change and its facts; nothing of one that was not merged, or whose files nobody wrote.

    More of what assistants and agents write is copied and rewritten soon, the more of it there is; people go on moving
    code about.
    """
    merged = next((event for event in facts if isinstance(event, Merged)), None)
    files = next((event.files for event in facts if isinstance(event, FilesChanged)), ())
    tests = sum(added + deleted for path, added, deleted in files if path.startswith("tests/"))
    lines = sum(added + deleted for path, added, deleted in files if path.startswith("src/"))
    if merged is None or not lines:
        return "", ()
    mine = writer is PERSON
    added = sum(added for _, added, _ in files)
    moved = round(added * rng.uniform(0.05, 0.3) * (1 if mine else weather.between(0.8, 0.3)))
    new = added - moved
    copied = round(new * min(1, rng.expovariate(1 / (0.06 if mine else weather.between(0.08, 0.16)))))
    gone = round(new * min(1, rng.expovariate(1 / (0.05 if mine else weather.between(0.07, 0.13)))))
    touched = (("", lines), *(((str(Layer.UNIT), tests),) if tests else ()))
    brought = Landed("landed", merged.at, merged.sha, Actor(""), "", "", (), new, copied, moved, touched)
    return merged.sha, (brought, Aged("aged", merged.at + 14 * DAY, new, gone))
