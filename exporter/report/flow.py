"""What became ready, and where it went: the balance in whole changes, the gates, and the growth that stayed."""

from collections.abc import Iterator

from exporter.diagnosis.terms import Diagnosis, Flow
from exporter.report import plots
from exporter.report.blocks import Block, Fact, Facts, Heading, Points, Prose, Table
from exporter.report.words import GATES, NOT_TOLD, growth, number, percent, plural, whole

NOTHING = "not measurable"


def flow(diagnosis: Diagnosis) -> Iterator[Block]:
    """Its heading, the balances, the gates, and where the growth stayed."""
    told = diagnosis.flow
    yield Heading("Flow in = flow out + growth", 3)
    if told is None:
        yield Prose(f"{NOT_TOLD.capitalize()}: there are no two spans whose flow could be compared.")
        return
    yield Points(tuple(_balances(diagnosis, told)))
    if (plot := plots.gates(told)) is not None:
        rows = tuple(
            (
                GATES.get(each.name, each.name),
                number(each.before),
                number(each.now),
                NOT_TOLD if each.growth is None else growth(each.growth),
            )
            for each in told.gates
        )
        heads = ("gate", "before, a week", "now, a week", "growth per author")
        yield Table("Changes a week through each gate", heads, rows, right=(1, 2, 3))
        yield plot
    yield Facts(tuple(_facts(told)))


def _balances(diagnosis: Diagnosis, flow: Flow) -> Iterator[str]:
    """The identity in whole changes, for each of the two spans; one that does not close says so."""
    rates = {each.name: each for each in flow.gates}
    if diagnosis.baseline is None and diagnosis.current is None:
        yield f"The balance is {NOT_TOLD}: it is not known which weeks these are."
        return
    if not {"ready", "merged", "abandoned"} <= rates.keys():
        yield f"The balance is {NOT_TOLD}: it needs the gates ready, merged and abandoned."
        return
    for index, (name, period) in enumerate((("before", diagnosis.baseline), ("now", diagnosis.current))):
        if period is None:
            continue
        weeks = len(period.weeks)
        counts = {gate: _count(getattr(each, name) * weeks) for gate, each in rates.items()}
        ready, merged, abandoned, waiting = (
            *(counts[each] for each in ("ready", "merged", "abandoned")),
            flow.waiting[index],
        )
        title = f"{name.capitalize()} ({plural(weeks, 'week')})"
        said = (
            f"{title}: {whole(ready)} ready = {whole(merged)} merged + {whole(abandoned)} abandoned "
            f"{_added(waiting)} in review"
        )
        yield said + _remainder(ready - merged - abandoned - waiting)
        if flow.undeployed is not None and "in_production" in counts:
            shipped, queue = counts["in_production"], flow.undeployed[index]
            said = f"{title}: {whole(merged)} merged = {whole(shipped)} in production {_added(queue)} undeployed"
            yield said + _unknown(merged - shipped - queue)


def _count(value: float) -> int:
    """A weekly rate times its weeks, as the whole number it was made from."""
    return round(value) if abs(value) < 1e15 else 0


def _added(queue: int) -> str:
    return f"− {whole(-queue)} fewer" if queue < 0 else f"+ {whole(queue)} more"


def _unknown(difference: int) -> str:
    """Merged where nothing tells when code is in production; fewer than none cannot be."""
    if difference <= 0:
        return _remainder(difference)
    return f" + {whole(difference)} of which nothing tells when they are in production."


def _remainder(difference: int) -> str:
    if not difference:
        return "."
    return f"; {plural(abs(difference), 'change')} unaccounted for, so do not rely on this balance."


def _facts(flow: Flow) -> Iterator[Fact]:
    why = f"{NOT_TOLD}: ready changes hardly grew, or one of the rates is not known"
    absorbed = why if flow.absorbed is None else f"{percent(flow.absorbed)} of it did not arrive"
    yield Fact("Absorbed part of the growth", absorbed, "flow")
    if flow.shares:
        where = ", ".join(f"{name} {percent(share)}" for name, share in flow.shares)
        yield Fact("Where the growth stayed", where, "flow")
    if flow.undeployed is None:
        yield Fact("Between merge and production", f"{NOTHING}: nothing tells when code is in production", "waiting")
    else:
        yield Fact("Queue after the merge", _grown(flow.undeployed), "waiting")
    yield Fact("Queue in review", _grown(flow.waiting), "waiting")
    load = (
        NOT_TOLD
        if flow.utilisation is None
        else f"{number(flow.utilisation, 2)} changes became ready for each first review"
    )
    yield Fact("Load of review", load, "utilisation")
    yield Fact("Check by Little's law", NOT_TOLD if flow.little is None else f"{percent(flow.little)} apart", "little")


def _grown(queue: tuple[int, int]) -> str:
    before, now = (whole(each, signed=True) for each in queue)
    return f"{before} over the baseline, {now} over the current weeks"
