"""make simulate: lives through worlds, one on each core, says their seeds, and tells the story of
what goes wrong."""

from __future__ import annotations

import argparse
import gc
import os
import secrets
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from agent.sandbox.world.drawing import WORKERS, drawn
from agent.sandbox.world.living import Lived, lived
from agent.sandbox.world.shrinking import fails_by, shrunk, up_to
from agent.sandbox.world.telling import story
from agent.sandbox.world.values import World, read, written

KEPT = Path("build/worlds")


def main(arguments: list[str]) -> int:
    """Exit code: 0 when nothing was wrong in any world."""
    given = _parser().parse_args(arguments)
    begun, wrong, weeks = time.monotonic(), 0, 0
    worlds = _worlds(given)
    cores = min(len(worlds), os.cpu_count() or 1)
    with ProcessPoolExecutor(cores, initializer=gc.freeze) as pool:  # what is there now stays
        for world, came in zip(worlds, pool.map(lived, worlds), strict=True):
            print(came.line(world), flush=True)
            weeks += world.days // 7
            if came.wrong:
                wrong += 1
                _tell(world, came, shrink=given.shrink)
    took_s = time.monotonic() - begun
    print(f"{weeks} site-weeks in {took_s:.0f} s: {wrong or 'no'} world(s) with something wrong")
    return 1 if wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("simulate", description=__doc__)
    parser.add_argument("worlds", nargs="*", help="seeds, or kept worlds; none: a fresh one")
    parser.add_argument("--weeks", type=int, default=4)
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument("--fresh", type=int, default=0, help="so many seeds more, drawn anew")
    parser.add_argument("--shrink", action="store_true", help="find the smallest world that fails")
    return parser


def _worlds(given: argparse.Namespace) -> list[World]:
    fresh = given.fresh or (0 if given.worlds else 1)
    seeds = [text for text in given.worlds if text.isdecimal()]
    seeds += [str(secrets.randbelow(10**6)) for _ in range(fresh)]
    files = [Path(text) for text in given.worlds if not text.isdecimal()]
    return [*map(read, files), *(drawn(int(s), given.weeks, given.workers) for s in seeds)]


def _tell(world: World, came: Lived, *, shrink: bool) -> None:
    """The story of the first thing that went wrong, and the world in which it does."""
    first = came.wrong[0]
    for wrong in came.wrong:
        print(f"  WRONG {world.at(wrong.at_ms):%Y-%m-%d %H:%M:%S} {wrong.rule}: {wrong.text}")
    fails = fails_by(first.rule)
    smaller = up_to(world, first.at_ms)
    if shrink and fails(smaller):
        smaller = shrunk(smaller, fails)
        KEPT.mkdir(parents=True, exist_ok=True)
        file = KEPT / f"seed-{world.seed}.json"
        file.write_text(written(smaller), encoding="utf-8")
        print(f"  the smallest world found that fails so is in {file}: {len(smaller.happenings)}")
        print("  happening(s); make simulate SEED=" + str(file) + " lives through it again")
        world = smaller
    for line in story(world, first):
        print(f"  {line}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
