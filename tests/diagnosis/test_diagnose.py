"""What holds for any changes, what a verdict is refused for, and what each doubt needs."""

import random
import subprocess
import sys

import pytest

from exporter.diagnosis.diagnose import absorbed_weeks, diagnose
from exporter.diagnosis.flow import flow
from exporter.diagnosis.tally import Tally
from exporter.diagnosis.terms import Diagnosis, Flag, Period, Verdict
from exporter.diagnosis.weeks import WEEK, Settings
from exporter.model import Origin, Stage
from exporter.passages import Passage, Spell
from tests.diagnosis import organisation
from tests.diagnosis.golden import ADOPTION, AT, BEFORE, HOUR, SETTINGS, START, made, one
from tests.diagnosis.organisation import Plan, known, ways

DAY = 24 * HOUR
ORGANISATION = Settings(adoption=organisation.ADOPTION, start=organisation.KNOWN)
SATURATED = known(ways(Plan(faster=0.7, more=1.3, reviewers=2, review=9.5), 3, organisation.AT), organisation.AT)


def flags(passages, settings=SETTINGS, **given):
    return dict(diagnose("all", passages, AT, settings, **given).flags)


def now(passage):
    return passage.began >= ADOPTION


def only(passages, change, every=1, when=now):
    """Passages of which every so-manieth of a period is changed."""
    seen, told = 0, []
    for each in passages:
        seen += when(each)
        told.append(change(each) if when(each) and seen % every == 0 else each)
    return told


# What holds for any changes


def anything(seed):
    """Changes as they should never come: stages in any order, dates before one another, nothing known."""
    source = random.Random(seed)

    def date():
        return source.choice((None, source.randrange(START - 5 * WEEK, AT + WEEK)))

    def spell():
        return Spell(source.choice(list(Stage)), date() or START, source.randrange(-9, 90 * DAY), source.random() < 0.7)

    return [
        Passage(
            repository=source.randrange(4),
            origin=source.choice(list(Origin)),
            author=source.choice(("", "a", "b", "c", "d", "e", "f")),
            began=date() or AT,
            ready=date(),
            merged=date(),
            closed=date(),
            produced=date(),
            reviewed=source.random() < 0.5,
            lines=source.choice((None, 0, 30, 10**7)),
            commits=source.randrange(3),
            spells=tuple(spell() for _ in range(source.randrange(8))),
        )
        for _ in range(source.choice((0, 1, 50, 400)))
    ]


@pytest.mark.parametrize("seed", range(40))
def test_any_changes_have_a_diagnosis(seed):
    """With and without an adoption; intervals hold their estimates, and shares add up to what is absorbed."""
    passages = anything(seed)
    for settings in (SETTINGS, Settings(start=START - 4 * WEEK)):
        found = diagnose("all", passages, AT, settings, control=passages, releases=[START, AT - DAY])
        assert found.sentence
        assert found.reason
        told = [each for stage in found.stages for each in (stage.before, stage.now, stage.delta)]
        for each in (*told, *filter(None, (found.gain, found.downstream, found.cycle, found.lead, found.absorbed))):
            assert each.lower <= each.estimate <= each.upper
        if found.absorbed:
            shares = [stage.share for stage in found.stages if stage.share is not None]
            assert sum(shares) == pytest.approx(found.absorbed.estimate)


@pytest.mark.parametrize("seed", range(20))
def test_what_became_ready_was_merged_or_given_up_or_waits(seed):
    """Counted change by change; and what was merged is in production or waits for it."""
    tally = Tally(anything(seed))
    periods = [tally.period(tuple(range(begin, begin + 8 * WEEK, WEEK))) for begin in (START, AT - 8 * WEEK)]
    found = flow(tally, *periods)
    rates = {gate.name: (gate.before, gate.now) for gate in found.gates}
    for place, period in enumerate(periods):
        counted = {name: rate[place] * len(period.weeks) for name, rate in rates.items()}
        grown = standing(tally, period.end) - standing(tally, period.start)
        assert found.waiting[place] == grown
        assert counted["ready"] == pytest.approx(counted["merged"] + counted["abandoned"] + grown)


def standing(tally, second):
    """How many are in review at a second, by looking at each."""

    def in_review(each):
        entered = each.ready if each.ready is not None else each.merged
        left = each.merged if each.merged is not None else each.closed
        return entered is not None and entered < second and not (left is not None and left < second)

    return sum(in_review(each) for each in tally.passages)


def test_the_order_of_changes_does_not_matter():
    """To the last digit, in every field."""
    first = diagnose("all", SATURATED, organisation.AT, ORGANISATION, control=SATURATED)
    for seed in range(3):
        mixed = random.Random(seed).sample(SATURATED, len(SATURATED))
        assert diagnose("all", mixed, organisation.AT, ORGANISATION, control=mixed) == first


def test_ways_twice_as_long_absorb_the_same():
    """All stays doubled: 12 h are gained and lost, which is all of it, as before."""
    once, twice = (diagnose("all", made(scale), AT, SETTINGS) for scale in (1, 2))
    assert twice.gain.estimate == pytest.approx(2 * once.gain.estimate)
    assert twice.downstream.estimate == pytest.approx(2 * once.downstream.estimate)
    assert twice.absorbed.estimate == pytest.approx(once.absorbed.estimate)
    assert (once.verdict, once.bottleneck) == (twice.verdict, twice.bottleneck)


def test_bots_changes_do_not_count():
    """As many changes of a bot, that lie around for a month, change nothing."""
    bots = [each._replace(origin=Origin.BOT, author="renovate", merged=each.began + 30 * DAY) for each in made()]
    assert diagnose("all", [*made(), *bots], AT, SETTINGS) == diagnose("all", made(), AT, SETTINGS)


def test_a_skipped_review_counts_as_nothing_in_review():
    """Half of the changes skip review: pickup and review cost half per change, and what they wait is unreviewed."""

    def skipped(each):
        kept = [spell for spell in each.spells if spell.stage not in {Stage.PICKUP, Stage.REVIEW, Stage.MERGE_WAIT}]
        return each._replace(spells=(*kept, Spell(Stage.UNREVIEWED, each.ready, 3 * HOUR, True)), reviewed=False)

    def everywhere(each):
        return True

    found = diagnose("all", only(made(), skipped, every=2, when=everywhere), AT, SETTINGS)
    told = {stage.stage: stage for stage in found.stages}
    assert told[Stage.UNREVIEWED].before.estimate == pytest.approx(1.5 * HOUR)
    assert told[Stage.UNREVIEWED].entered == (60, 60)
    assert told[Stage.REVIEW].entered == (60, 60)


# What a verdict is refused for


def test_too_little_is_said_by_its_figure():
    """29 changes are one too few; five authors are enough and four are not."""
    few = [each for each in made() if now(each)] + [each for each in made() if not now(each)][40:69]
    found = diagnose("all", few, AT, SETTINGS)
    assert found.verdict is Verdict.INSUFFICIENT_DATA
    assert found.reason == "The baseline has 29 changes; 30 are needed."
    assert found.sentence == "Nothing can be said yet: the baseline has 29 changes; 30 are needed."
    assert (found.baseline.changes, found.gain, found.stages, found.absorbed) == (29, None, (), None)
    alike = only(made(), lambda each: each._replace(author=f"dev{each_place(each) % 4}"))
    assert diagnose("all", alike, AT, SETTINGS).reason == "The current weeks have 4 authors; 5 are needed."
    settings = Settings(adoption=ADOPTION, start=START, least_authors=4)
    assert diagnose("all", alike, AT, settings).verdict is Verdict.ABSORBED


def test_nothing_at_all_is_no_failure():
    found = diagnose("payments", [], AT, SETTINGS)
    assert (found.scope, found.verdict) == ("payments", Verdict.INSUFFICIENT_DATA)
    assert diagnose("payments", [], AT, Settings()).verdict is Verdict.INSUFFICIENT_DATA


def test_where_too_little_is_known_numpy_is_not_loaded():
    """It costs more time than all the rest of such a diagnosis."""
    code = (
        "import sys; from exporter.diagnosis.diagnose import diagnose; from exporter.diagnosis.weeks import Settings;"
        f"diagnose('all', [], {AT}, Settings(adoption={ADOPTION}, start={START})); print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


def test_coding_that_takes_as_long_gained_nothing():
    """All weeks as before: no gain, nothing to divide by, and no part of it is told."""
    slow = [each._replace(spells=like(each, made()[each_place(each)])) for each in made()]
    found = diagnose("all", slow, AT, SETTINGS)
    assert found.verdict is Verdict.NO_GAIN
    assert Flag.DENOMINATOR_SMALL in dict(found.flags)
    assert (found.absorbed, found.bottleneck, [stage.share for stage in found.stages]) == (None, None, [None] * 7)
    assert found.sentence.startswith("Coding is not clearly faster than it was")


def test_a_gain_that_arrives_is_said_to():
    """Only coding changes: all 6 h arrive."""

    def as_before(each):
        return each._replace(spells=(each.spells[0], *like(each, made()[each_place(each)])[1:]))

    found = diagnose("all", only(made(), as_before), AT, SETTINGS)
    assert (found.verdict, found.bottleneck) == (Verdict.PASSED, None)
    assert found.absorbed.estimate == pytest.approx(0, abs=1e-9)
    assert found.sentence.startswith("Coding is 6 h faster per change, and all of it arrives: ")


def like(each, other):
    """The stays of another change, each from where its own began."""
    pairs = zip(other.spells, each.spells, strict=True)
    return tuple(spell._replace(entered=own.entered) for spell, own in pairs)


def each_place(each):
    """The place of a change in its week, which it began a minute after the one before it."""
    return (each.began - START) % WEEK // 60


def test_weekly_verdicts_in_a_row_are_counted():
    """Newest first: absorbed, absorbed, passed, absorbed are two; three at most."""
    said = {AT: "absorbed", AT - WEEK: "absorbed", AT - 2 * WEEK: "passed", AT - 3 * WEEK: "absorbed"}

    def told(at):
        weeks = Period((at - WEEK,), 30, 5)
        return Diagnosis("all", at, Verdict(said.get(at, "absorbed")), "", "", current=weeks)

    assert absorbed_weeks(told, AT) == 2
    assert absorbed_weeks(told, AT - 2 * WEEK) == 0
    assert absorbed_weeks(told, AT - 3 * WEEK) == 3


def test_two_verdicts_of_the_same_weeks_as_during_a_freeze_are_one():
    """The last week was a freeze, so that it and the one before it compare the same; the third is another."""
    frozen = Period((AT - 2 * WEEK,), 30, 5)
    compared = {AT: frozen, AT - WEEK: frozen, AT - 2 * WEEK: Period((AT - 3 * WEEK,), 30, 5)}
    assert absorbed_weeks(lambda at: Diagnosis("all", at, Verdict.ABSORBED, "", "", current=compared[at]), AT) == 2


# Doubts, each alone


def test_without_doubts_nothing_is_flagged():
    assert flags(made()) == {}


def test_merges_without_review_cap_the_verdict():
    """Two of ten, from none: more than ten points. One of ten is not."""
    skipped = flags(only(made(), lambda each: each._replace(reviewed=False), every=5))
    assert skipped == {
        Flag.UNREVIEWED_ROSE: "Merges without a review went from 0% to 20%: review may be skipped rather than quick."
    }
    found = diagnose("all", only(made(), lambda each: each._replace(reviewed=False), every=5), AT, SETTINGS)
    assert (found.verdict, found.bottleneck) == (Verdict.INCONCLUSIVE, None)
    assert found.reason == skipped[Flag.UNREVIEWED_ROSE]
    assert flags(only(made(), lambda each: each._replace(reviewed=False), every=10)) == {}


def test_coding_of_one_commit_makes_the_gain_unreliable():
    """Half of 120 changes, from none: hours are told, and no part of the gain."""
    found = diagnose("all", only(made(), lambda each: each._replace(commits=1), every=2), AT, SETTINGS)
    assert list(dict(found.flags)) == [Flag.CODING_UNRELIABLE]
    assert (found.verdict, found.absorbed, found.bottleneck) == (Verdict.INCONCLUSIVE, None, None)
    assert found.stages[1].delta.estimate == pytest.approx(4 * HOUR)
    assert flags(only(made(), lambda each: each._replace(commits=1), every=10)) == {}


def test_a_team_that_grew_is_another_team():
    """Eight from six is a third more."""
    grown = only(made(), lambda each: each._replace(author=f"dev{each_place(each) % 8}"))
    assert flags(grown) == {Flag.TEAM_CHANGED: "6 people proposed changes before, 8 do now."}


def test_without_more_ai_there_is_nothing_to_tell_of_ai():
    plain = only(made(), lambda each: each._replace(origin=Origin.UNMARKED))
    assert list(flags(plain)) == [Flag.LITTLE_CONTRAST]


def test_unknown_production_ends_the_way_at_the_merge():
    """One repository never deploys: half of the merges, and their wait for deployment is none."""
    other = [each._replace(repository=2, produced=None) for each in made()]
    found = diagnose("all", [*made(), *other], AT, SETTINGS)
    assert list(dict(found.flags)) == [Flag.PRODUCTION_UNKNOWN]
    told = {stage.stage: stage for stage in found.stages}
    assert told[Stage.DEPLOY_WAIT].before.estimate == pytest.approx(10 * HOUR)
    assert told[Stage.DEPLOY_WAIT].entered == (120, 120)
    assert found.flow.undeployed is not None
    alone = diagnose("all", other, AT, SETTINGS)
    assert (alone.flow.undeployed, [gate.name for gate in alone.flow.gates]) == (None, ["ready", "merged", "abandoned"])


def test_releases_by_a_timetable_are_trains():
    """Every week on the same day; every five hours is no wait for a train, and now and then is no timetable."""
    weekly = list(range(START, AT, WEEK))
    assert list(flags(made(), releases=weekly)) == [Flag.RELEASE_TRAINS]
    assert flags(made(), releases=list(range(START, AT, 5 * HOUR))) == {}
    assert flags(made(), releases=[START + number**2 * DAY for number in range(14)]) == {}


def test_a_baseline_in_a_crisis_gets_better_by_itself():
    """In the twelve weeks before the baseline all took half of what it took in it, and in the two after it as long:
    (12 x 10 + 2 x 20) / 14 = 11.4 h of coding.
    """
    begin = ADOPTION - 14 * WEEK
    crisis = [each for each in made() if each.began >= begin]
    found = flags([*earlier(begin), *crisis], Settings(adoption=ADOPTION, start=begin - 12 * WEEK))
    assert found == {
        Flag.BASELINE_UNUSUAL: "Coding took 20 h in the baseline and 11.4 h in the 14 weeks around it: "
        "after such a time things get better by themselves."
    }


def earlier(begin):
    """Twelve weeks in which everything took half as long as in the baseline."""
    for week in range(begin - 12 * WEEK, begin, WEEK):
        for each in (one(week, place, BEFORE, 1) for place in range(10)):
            yield each._replace(spells=tuple(spell._replace(seconds=spell.seconds // 2) for spell in each.spells))


def test_larger_changes_are_told_apart_from_slower_ones():
    """Large changes stay three times as long in review; of ten there are two before and six now, and nothing else."""

    def sized(each):
        large = each_place(each) < (6 if now(each) else 2)
        review = Spell(Stage.REVIEW, each.ready, (30 if large else 10) * HOUR, True)
        coding = each.spells[0]
        return each._replace(lines=800 if large else 8, spells=(coding, review))

    found = diagnose("all", [sized(each) for each in made()], AT, SETTINGS)
    review = next(stage for stage in found.stages if stage.stage is Stage.REVIEW)
    assert review.delta.estimate == pytest.approx(0)
    assert found.mix is not None
    assert list(dict(found.flags)) == [Flag.MIX_CHANGED]
    # 2 x 30 + 8 x 10 = 140 h of ten changes before, 6 x 30 + 4 x 10 = 220 h now: 8 h a change, besides coding's own
    assert "longer" in dict(found.flags)[Flag.MIX_CHANGED]


def test_a_growing_queue_is_not_stationary():
    """Nobody reviews for the last four weeks: ten more wait each week.

    80 changes were in review for 25 h, and 40 for (1 + 2 + 3 + 4) x 168 h, ten each, less 14 h of coding each: 18,240 h
    altogether, where 120 arrivals of 25 h make it 3,000: 84 % off.
    """

    def waiting(each):
        pickup = Spell(Stage.PICKUP, each.ready, AT - each.ready, False)
        return each._replace(spells=(each.spells[0], pickup), merged=None, produced=None, reviewed=False, lines=None)

    found = flags(only(made(), waiting, when=lambda each: each.began >= AT - 4 * WEEK))
    assert list(found) == [Flag.NOT_STATIONARY]
    assert found[Flag.NOT_STATIONARY].split("; ") == [
        "The number of changes in review is 84% off what arrivals and stays make it",
        "more changes came than were looked at in each of the last 4 weeks",
        "0 changes waited for a first review when these weeks began and 40 when they ended: "
        "waits are longer than their averages say.",
    ]


def test_a_control_that_gained_as_much_disagrees():
    """Repositories without AI became quicker alike: nothing is left of the gain, and no part of it is told."""
    found = diagnose("all", made(), AT, SETTINGS, control=made())
    assert found.controlled.changes == (120, 120)
    assert (found.controlled.gain.estimate, found.controlled.downstream.estimate) == (0, 0)
    assert found.controlled.absorbed is None
    assert list(dict(found.flags)) == [Flag.CONTROL_DISAGREES]


def test_a_control_that_stood_still_confirms():
    """As in the baseline all along: 6 h more than none are gained and lost."""
    still = [each._replace(spells=like(each, made()[each_place(each)])) for each in made()]
    found = diagnose("all", made(), AT, SETTINGS, control=still)
    assert found.controlled.gain.estimate == pytest.approx(6 * HOUR)
    assert found.controlled.absorbed.estimate == pytest.approx(1)
    assert found.flags == ()
    assert diagnose("all", made(), AT, SETTINGS, control=still[:200]).controlled is None


def test_coding_begun_lately_is_not_faster_for_being_seen():
    """Of what was begun in the last two days only what took an hour is proposed by now: it is left out."""
    lately = [
        each._replace(
            began=begin,
            ready=begin + HOUR,
            merged=None,
            produced=None,
            reviewed=False,
            lines=None,
            spells=(
                Spell(Stage.CODING, begin, HOUR, True),
                Spell(Stage.PICKUP, begin + HOUR, AT - begin - HOUR, False),
            ),
        )
        for begin, each in zip(range(AT - 48 * HOUR, AT - HOUR, HOUR), made()[-40:], strict=False)
    ]
    found = diagnose("all", [*made(), *lately], AT, SETTINGS)
    assert found.gain.estimate == pytest.approx(6 * HOUR)
    assert found.stages[0].entered == (120, 120)
    assert found.stages[1].entered == (120, 160)


def test_a_stage_that_hardly_was_there_is_seen_when_it_comes():
    """Merged at once before, and 20 h after the approval now: the cap is a day, and not the nothing that it took."""

    def waiting(each):
        seconds = 20 * HOUR if now(each) else 0
        spells = (
            spell._replace(seconds=seconds) if spell.stage is Stage.MERGE_WAIT else spell for spell in each.spells
        )
        return each._replace(spells=tuple(spells))

    found = diagnose("all", [waiting(each) for each in made()], AT, SETTINGS)
    told = next(stage for stage in found.stages if stage.stage is Stage.MERGE_WAIT)
    assert (told.before.estimate, told.now.estimate, told.cap) == (0, pytest.approx(20 * HOUR), DAY)
    assert found.bottleneck is Stage.MERGE_WAIT
    assert found.sentence.startswith(
        "Coding is 6 h faster per change; all of it and 20 h more are lost again, "
        "20 h of them between approval and merge."
    )
