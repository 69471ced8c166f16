"""What one diagnosis of one scope takes: a thousand changes of one team, and a hundred thousand of an organisation.

    python benchmarks/diagnosis.py [--quick] [--changes N]

The reference is the same estimate with each of the 500 draws told change by change, as one would write it first: a
Kaplan-Meier curve for every stage of every draw. It is measured on a few draws and multiplied. Medians, not enforced.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from exporter.diagnosis.diagnose import diagnose
from exporter.diagnosis.draws import DRAWS
from exporter.diagnosis.weeks import WEEK, Settings, floor
from exporter.model import Origin, Stage
from exporter.passages import Passage, Spell

HOUR = 3600
AT = floor(1_795_000_000)
ADOPTION = AT - 14 * WEEK
START = ADOPTION - 16 * WEEK
HOURS = {
    Stage.CODING: 20,
    Stage.PICKUP: 8,
    Stage.REVIEW: 10,
    Stage.MERGE_WAIT: 2,
    Stage.QA: 40,
    Stage.DEPLOY_WAIT: 20,
}


def organisation(changes: int, repositories: int, seed: int = 1) -> list[Passage]:
    """Changes begun at random seconds of thirty weeks, known at the end; repositories are of very different size."""
    source = random.Random(seed)
    return [one(source, repositories) for _ in range(changes)]


def one(source: random.Random, repositories: int) -> Passage:
    began = source.randrange(START, AT - HOUR)
    faster = 0.7 if began > ADOPTION else 1.0
    means = [hours * HOUR * (faster if stage is Stage.CODING else 1) for stage, hours in HOURS.items()]
    ends = list(accumulate((round(source.expovariate(1 / mean)) for mean in means), initial=began))
    spells = [
        Spell(stage, begin, min(end, AT) - begin, end <= AT)
        for stage, begin, end in zip(HOURS, ends[:-1], ends[1:], strict=True)
        if begin < AT
    ]
    known = [end if end <= AT else None for end in ends]
    return Passage(
        repository=int(repositories * source.random() ** 3),
        origin=Origin.ASSISTED if source.random() < (0.6 if began > ADOPTION else 0.05) else Origin.UNMARKED,
        author=f"dev{source.randrange(3 * repositories)}",
        began=began,
        ready=known[1],
        merged=known[4],
        closed=None,
        produced=known[6],
        reviewed=known[2] is not None,
        lines=None if known[4] is None else round(source.lognormvariate(4, 1.2)),
        commits=source.randrange(1, 6),
        spells=tuple(spells),
    )


def seconds(what: Callable[[], object], turns: int) -> float:
    """The median of some turns; the first, which imports numpy, does not count."""
    what()
    spent = []
    for _ in range(turns):
        before = time.perf_counter()
        what()
        spent.append(time.perf_counter() - before)
    return statistics.median(spent)


def draw(passages: list[Passage], source: random.Random) -> float:
    """The lead time of one draw of weeks, by every stay of every change."""
    weeks = [source.randrange(12) for _ in range(12)]
    total = 0.0
    for begin in (ADOPTION - 14 * WEEK, AT - 12 * WEEK):
        for stage in HOURS:
            stays = [
                (spell.seconds, not spell.ended)
                for passage in passages
                for spell in passage.spells
                if spell.stage is stage and begin <= spell.entered < begin + 12 * WEEK
                for _ in range(weeks.count((spell.entered - begin) // WEEK))
            ]
            total += area(sorted(stays))
    return total


def area(stays: list[tuple[int, bool]]) -> float:
    """Below the Kaplan-Meier curve."""
    left, last, found = 1.0, 0, 0.0
    for number, (duration, is_open) in enumerate(stays):
        found += left * (duration - last)
        last = duration
        if not is_open:
            left *= 1 - 1 / (len(stays) - number)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="20,000 changes instead of 100,000")
    parser.add_argument("--changes", type=int, help="changes of the organisation")
    options = parser.parse_args()
    settings = Settings(adoption=ADOPTION, start=START)
    for changes, repositories, turns in (
        (1000, 4, 21),
        (options.changes or (20_000 if options.quick else 100_000), 300, 3),
    ):
        passages = organisation(changes, repositories)
        spent = seconds(lambda given=passages: diagnose("all", given, AT, settings), turns)
        source = random.Random(1)
        reference = DRAWS * seconds(
            lambda given=passages, source=source: draw(given, source), 2 if changes > 1000 else 5
        )
        told = f"{changes} changes of {repositories} repositories: {spent * 1000:.0f} ms"
        print(f"{told}; draw by draw {reference:.1f} s, {reference / spent:.0f}x as long")


if __name__ == "__main__":
    main()
