"""Churn and test work of real git histories, beside a computation of its own with plain git, and how fast it goes.

    python benchmarks/history.py FOLDER...
    python benchmarks/history.py --made 20000 [--blame]

For each repository: what the exporter reads from a clone of it, and beside it
- lines added and deleted, by ``git log --numstat``, which have to be equal;
- churn by ``git blame`` of every line that went (it knows nothing of moved or reformatted lines, so ours is that minus
  what these explain), and the most that ``--numstat`` alone could call churn: each file's deletions, charged to what
  was added to it within 14 days;
- the shares that the real exporter prints for the 90 days before the last commit is 15 days old, and beside churn what
  git blame says of the same lines;
- seconds of work and of test lines, by ``git log --numstat`` and a second way to add sessions up.
Printed, not enforced.
"""

import argparse
import asyncio
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import aclosing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from exporter.code.lines import Lines
from exporter.code.patch import Commit
from exporter.code.sessions import Authored, session_seconds, work_on_tests
from exporter.policy import Policy, compile_rules, packaged
from exporter.runtime.clone import LANDED, WRITTEN, Clone, Place

POLICY = Policy(compile_rules(packaged()))
DAY = 86_400
WIDTH = 34
QUOTE = ("-c", "core.quotePath=false")


async def ours(folder: Path, scratch: Path, blame: bool) -> dict[str, float]:
    """What the exporter makes of it."""
    clone = Clone(scratch / "clone.git", Place(folder.name, str(folder)))
    began = time.perf_counter()
    await clone.update()
    cloned = time.perf_counter()
    lines, count, begun, raw = Lines(POLICY, blame=blame), 0, False, [0, 0]
    settled, taken = [], []
    async with aclosing(clone.patches(LANDED)) as values:
        async for value in values:
            if not isinstance(value, Commit):
                lines.file(value)
                if POLICY.counted(value.path):
                    raw[0] += value.counts[1]
                    raw[1] += value.counts[2]
                continue
            if begun:
                taken.append(lines.end().taken)
            begun, count = True, count + 1
            lines.begin(value)
            settled += lines.settle(value.committed)
    taken.append(lines.end().taken)
    state = len(lines.saved())
    end = time.perf_counter()
    cohorts = [*settled, *lines.young()]
    told = {
        field: sum(getattr(each, field) for each in cohorts) for field in ("added", "churned", "duplicated", "moved")
    }
    told |= {"reformatted": sum(each.reformatted for each in cohorts)}
    told |= {"blaming": sum(map(bool, taken)), "commits": count, "lines added": raw[0], "lines deleted": raw[1]}
    told |= {"clone s": cloned - began, "lines s": end - cloned, "state kB": state / 1024}
    written, files = [], defaultdict(list)
    async with aclosing(clone.patches(WRITTEN)) as values:
        async for value in values:
            if isinstance(value, Commit):
                written.append(Authored(value.sha, value.emails[0], value.authored))
            else:
                files[written[-1].key].append(value.counts)
    seconds = session_seconds(written)
    work = [work_on_tests(files[key], took, POLICY) for key, took in seconds.items()]
    told |= {"session h": sum(seconds.values()) / 3600}
    told |= {"update h": sum(each.update for each in work) / 3600, "new h": sum(each.new for each in work) / 3600}
    return told | {"sessions s": time.perf_counter() - end, "clone kB": await clone.size() / 1024}


def plain(folder: Path, *arguments: str) -> str:
    """What git prints."""
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")


def numstat(folder: Path, *way: str):
    """(sha, author, authored, committed, [(path, added, deleted)]) of each commit, oldest first."""
    shown = plain(folder, *QUOTE, "log", "--reverse", "--numstat", "-M", "-z", "--format=%x01%H %ae %at %ct", *way)
    for part in shown.split("\x01")[1:]:
        head, _, rest = part.partition("\0")
        sha, author, authored, committed = head.split(" ")
        files, fields = [], iter(rest.lstrip("\n").split("\0"))
        for field in fields:
            if field.count("\t") != 2:
                continue
            added, deleted, path = field.lstrip("\n").split("\t")
            if not path:
                next(fields)
                path = next(fields)
            if added != "-":
                files.append((path, int(added), int(deleted)))
        yield sha, author, int(authored), int(committed), files


def beside(folder: Path) -> dict[str, float]:
    """The same by other means; nothing of the rooms under test but what counts as a test or as generated."""
    told: dict[str, float] = defaultdict(float)
    young: dict[str, list[list[int]]] = defaultdict(list)
    for _, _, _, at, files in numstat(folder, "--first-parent", "-m"):
        for path, added, deleted in files:
            if not POLICY.counted(path):
                continue
            told["lines added"] += added
            told["lines deleted"] += deleted
            for each in reversed(young[path]):
                if at - each[0] > 14 * DAY or not deleted:
                    break
                take = min(deleted, each[1])
                each[1] -= take
                deleted -= take
                told["most"] += take
            young[path].append([at, added])
    gone = list(blamed(folder))
    told["blamed"] = sum(went - came <= 14 * DAY for came, went in gone)
    last = int(plain(folder, "log", "--first-parent", "--format=%ct").split()[0])
    end = min(last + 15 * DAY, int(time.time()) - 600)
    since, until = end - 104 * DAY, end - 14 * DAY
    told["end"] = end
    told["blamed of 90 d"] = sum(went - came <= 14 * DAY for came, went in gone if since < came <= until)
    told["added of 90 d"] = sum(
        added
        for _, _, _, at, files in numstat(folder, "--first-parent", "-m")
        for path, added, _ in files
        if since < at <= until and POLICY.counted(path)
    )
    told |= by_day(numstat(folder, "--no-merges"))
    return told


def blamed(folder: Path):
    """When each line that went landed, as git blame tells where it came from, and when it went."""
    landed = dict(line.split() for line in plain(folder, "log", "--first-parent", "--format=%H %ct").splitlines())
    shown = plain(folder, *QUOTE, "log", "--first-parent", "-m", "-M", "-p", "-U0", "--format=%x01%H")
    for part in shown.split("\x01")[1:]:
        sha, *sections = re.split(r"^diff --git ", part, flags=re.MULTILINE)
        for section in sections:
            names = re.search(r"^--- a/(.*?)\t?\n\+\+\+ (?:b/)?(.*?)\t?$", section, re.MULTILINE)
            head = section.partition("\n@@")[0]
            spans = re.findall(r"^@@ -(\d+)(?:,(\d+))? ", section, re.MULTILINE)
            ranges = [f"-L{start},+{count or 1}" for start, count in spans if count != "0"]
            path = names and (names[1] if names[2] == "/dev/null" else names[2])
            if not path or not ranges or not POLICY.counted(path) or "120000" in head or "160000" in head:
                continue
            before = (f"{sha.strip()}^", "--", names[1])
            told = plain(folder, "blame", "-s", "-l", "--root", "--first-parent", *ranges, *before)
            yield from ((int(landed[line[:40]]), int(landed[sha.strip()])) for line in told.split("\n") if line)


def exported(folder: Path, scratch: Path, end: int) -> dict[str, float]:
    """What the command prints of 90 days."""
    path = scratch / "exporter.yaml"
    path.write_text(
        f"sources: [{{name: local, provider: git, named: {{a/b: '{folder}'}}, history: 2000-01-01}}]\n"
        "series: {repository_windows: [90d], quiet_after: 36525d}\n"
    )
    words = [sys.executable, "-m", "exporter.cli", "once", "-c", str(path), "--at", str(end)]
    done = subprocess.run(words, capture_output=True, check=True, text=True, cwd=Path(__file__).parents[1])
    lines = (line.rpartition(" ") for line in done.stdout.splitlines() if line.startswith("sdlc_code_"))
    return {re.sub(r',?(repository|window)="[^"]*"', "", name): float(value) for name, _, value in lines}


def by_day(commits) -> dict[str, float]:
    """Sessions by walking each author's minutes: a commit covers the time back to the one before, or half an hour."""
    people = defaultdict(list)
    for sha, author, authored, _, files in commits:
        people[author].append((authored, sha, files))
    told: dict[str, float] = defaultdict(float)
    for own in people.values():
        own.sort(key=lambda each: each[:2])
        days: dict[int, float] = defaultdict(float)
        for place, (at, _, files) in enumerate(own):
            gap = at - own[place - 1][0] if place else None
            took = gap if gap is not None and gap <= 7200 else 1800
            took = min(took, 8 * 3600 - days[at // DAY])
            days[at // DAY] += took
            told["session h"] += took / 3600
            hand = [each for each in files if POLICY.counted(each[0])]
            tests = [each for each in hand if POLICY.is_test(each[0])]
            every, in_tests = (sum(added + deleted for _, added, deleted in some) for some in (hand, tests))
            if in_tests:
                new = sum(max(added - deleted, 0) for _, added, deleted in tests)
                share = took * in_tests / every / 3600
                told["new h"] += share * new / in_tests
                told["update h"] += share * (1 - new / in_tests)
    return told


def made(folder: Path, commits: int) -> Path:
    """A history of this many commits over 200 files, about ten lines each."""
    rng, files = random.Random(1), {f"part{each % 20}/file{each}.py": [] for each in range(200)}
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(folder)], check=True)
    feed = subprocess.Popen(["git", "-C", str(folder), "fast-import", "--quiet"], stdin=subprocess.PIPE)
    for number in range(commits):
        who = f"Ada <ada@acme.example> {1_700_000_000 + number * 1200} +0000"
        feed.stdin.write(f"commit refs/heads/main\ncommitter {who}\ndata 4\nwork\n".encode())
        for path in rng.sample(sorted(files), 2):
            own = files[path]
            at = rng.randint(0, len(own))
            own[at : at + rng.randint(0, 4)] = [
                f"    value = {rng.random()}  # {number}" for _ in range(rng.randint(1, 8))
            ]
            text = "\n".join(own).encode() + b"\n"
            feed.stdin.write(f"M 100644 inline {path}\ndata {len(text)}\n".encode() + text)
    feed.stdin.close()
    feed.wait()
    return folder


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    arguments.add_argument("--made", type=int, default=0, metavar="COMMITS")
    arguments.add_argument("--blame", action="store_true", help="also tell whose lines each commit took away")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        if given.made:
            show(made(Path(scratch) / "made.git", given.made), None, given.blame)
        for folder in given.folders:
            show(folder, beside(folder), given.blame)


def show(folder: Path, other: dict[str, float] | None, blame: bool) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        told = asyncio.run(ours(folder, Path(scratch), blame))
    rss = [resource.getrusage(who).ru_maxrss // 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(f"\n{folder}: {told['commits']:.0f} first-parent commits")
    for name in ("lines added", "lines deleted", "session h", "update h", "new h"):
        print(f"  {name:{WIDTH}} {told[name]:12.2f}" + (f"   plain git {other[name]:12.2f}" if other else ""))
    new, came = told["added"], told["added"] + told["moved"]
    explained = f"   by blame {other['blamed']:.0f}, numstat's most {other['most']:.0f}" if other else ""
    shares = (("churned", "new", new, explained), ("duplicated", "new", new, ""), ("moved", "(new + moved)", came, ""))
    for name, of, whole, note in shares:
        print(f"  {f'{name} / {of} lines':{WIDTH}} {told[name]:.0f} / {whole:.0f} = {told[name] / whole:.4f}{note}")
    if other:
        with tempfile.TemporaryDirectory() as scratch:
            shown = exported(folder, Path(scratch), int(other["end"]))
        for name, value in shown.items():
            print(f"  {name:{WIDTH}} {value:.4f}")
        near = f"{other['blamed of 90 d']:.0f} / {other['added of 90 d']:.0f}"
        print(f"  {'the same lines by git blame':{WIDTH}} {near} (lines added, moved ones too)")
    print(f"  {'reformatted lines':{WIDTH}} {told['reformatted']:.0f}")
    if blame:
        print(f"  {'commits that blame another':{WIDTH}} {told['blaming']:.0f}")
    print(f"  {'speed':{WIDTH}} {told['commits'] / told['lines s']:.0f} commits/s for lines", end="; ")
    print(*(f"{name[:-2]} {told[name]:.2f} s" for name in ("clone s", "lines s", "sessions s")), sep=", ")
    print(f"  {'size':{WIDTH}} clone {told['clone kB']:.0f} kB, state {told['state kB']:.0f} kB", end="; ")
    print(f"peak {rss[0]} MB here, {rss[1]} MB in the largest git")


if __name__ == "__main__":
    main()
