"""How fast detection is on a CPU, how much memory it takes, and how that compares with before.

The bundled model on H.264 of 1280 x 720, 30 frames a second: the rendered example, scaled up,
over and over, so that somebody walks or falls all the time, and its first picture, in which nobody
does. ``camera`` and ``still`` have the noise of a sensor and the 2 Mbit/s that cameras send;
``clean`` has neither and is decoded faster than anything from a camera. Reading alone hands out
the same sampled frames by the same reader and does nothing with them. Contestants take turns, each
in a process of its own that has loaded the model, after one of each build that is not measured.

    python benchmarks/detect.py --run                     # speed and profile of this checkout
    python benchmarks/detect.py --run --against 8c7b700   # all that the table of bars has: 45 min
    python benchmarks/detect.py --run --against 8c7b700 --part start jobs
    python benchmarks/detect.py --run --part peers        # other projects' packages: an hour
    python benchmarks/detect.py --report                  # what was measured, and the table

``--against`` makes a build of that commit from a git worktree, in an environment of its own that
takes from this one what both need (45 MB; see ``detect_builds.py``), and lets it take turns with
this checkout. Environments stay in ``--cache``. The parts:

bars   speed and memory of detecting and of reading alone, by content
long   peak memory after every five minutes of an hour of video, of half an hour for the older build
start  from the command to its end, of ``slipdetect detect`` on the ten-second example
jobs   four videos by one command, with ``--jobs 2`` and without
people processor time, and that of the same model without its pose stream
seed   against the 2020 course report's way (``detect_seed.py``)
peers  the packages of ``detect_builds.PEERS``, used as their documents say
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from detect_builds import PEERS, WORKER, Build, BuildError, build_of, build_of_peer, commit_of
from detect_builds import present as this_checkout
from detect_report import report
from detect_videos import CONTENTS, EXAMPLE, make_video, repeated

RESULT = Path(__file__).parent / "results" / "detect.json"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slipdetect-benchmarks"
WORKS = {
    "bars": ("read", "detect"),
    "long": ("long",),
    "start": ("command",),
    "jobs": ("one", "jobs"),
    "people": ("detect", "motion"),
    "seed": ("seed", "ours"),
    "peers": ("detect", *PEERS),
}
PAIRED = ("bars", "long", "start")  # what the older build takes part in
TABLE = ("bars", "long", "start", "jobs", "people", "seed")
SECONDS = {"seed": 6.0}
# copies of the video, in this checkout and in the older build
COPIES, COPIES_BEFORE = 60, 30
VIDEOS = 4


def main() -> None:
    """Run or report, as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", action="store_true", help="measure and store")
    parser.add_argument("--report", action="store_true", help="print what was stored (default)")
    parser.add_argument("--against", metavar="COMMIT", help="an older build to compare with")
    parser.add_argument(
        "--part",
        nargs="+",
        choices=WORKS,
        help=f"default: bars; with --against: {' '.join(TABLE)}",
    )
    parser.add_argument("--seconds", type=float, help="of video (default: 60; of seed: 6)")
    parser.add_argument("--turns", type=int, default=5, help="of each (default: %(default)s)")
    parser.add_argument(
        "--results", type=Path, default=RESULT, metavar="FILE", help="default: %(default)s"
    )
    parser.add_argument(
        "--cache", type=Path, default=CACHE, metavar="FOLDER", help="default: %(default)s"
    )
    arguments = parser.parse_args()
    if arguments.turns < 1 or (arguments.seconds is not None and arguments.seconds <= 0):
        parser.error("--turns must be at least 1, --seconds more than 0")
    try:
        _run_and_report(arguments)
    except BuildError as error:
        raise SystemExit(f"{Path(__file__).name}: {error}") from error


def _run_and_report(arguments: argparse.Namespace) -> None:
    results: Path = arguments.results
    found = json.loads(results.read_text(encoding="utf-8")) if results.exists() else {}
    commit = None if arguments.against is None else commit_of(arguments.against)
    if arguments.run:
        cache = arguments.cache.resolve()
        cache.mkdir(parents=True, exist_ok=True)
        before = None if commit is None else build_of(commit, cache)
        for part in arguments.part or (TABLE if before else TABLE[:1]):
            old = before if part in PAIRED else None
            print(f"measuring {part} ...", file=sys.stderr, flush=True)
            found[part] = run(part, arguments.seconds, arguments.turns, old, cache)
            if old is not None:
                found[part]["against"] = commit
            results.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if arguments.report or not arguments.run:
        if not found:
            raise SystemExit(f"{results} has nothing yet; measure first, with --run")
        print("\n".join(report(found, commit)))


def run(
    part: str, seconds: float | None, turns: int, before: Build | None, cache: Path
) -> dict[str, Any]:
    """Return what ``WORKER`` told in every turn of a part, by content and build.

    Raises:
        BuildError: A contestant of this project failed.
    """
    seconds = SECONDS.get(part, 60.0) if seconds is None else seconds
    here = this_checkout()
    found: dict[str, Any] = {"machine": _machine(), "video": seconds, "contents": {}}
    if part == "jobs" and "--jobs" not in here.run("-m", "slipdetect", "detect", "--help-all"):
        return {**found, "missing": "detect has no option --jobs"}
    builds = dict.fromkeys(WORKS[part], here)
    failed: dict[str, str] = {}
    if part == "peers":
        builds |= _peers(cache, failed)
        found |= {"date": datetime.now(tz=UTC).date().isoformat(), "failed": failed}
    for build in (here, before):
        if build is not None:
            turn(build, "command", EXAMPLE)  # compiles its modules and kernels
    if part == "long":
        found |= {"video": seconds * COPIES, "video_before": seconds * COPIES_BEFORE}
        turns = 1
    with tempfile.TemporaryDirectory() as folder:
        for content, new, old in _videos(part, Path(folder), seconds):
            contestants = [("turns", work, build, new) for work, build in builds.items()]
            if before is not None:
                contestants += [("before", work, before, old) for work in WORKS[part]]
            found["contents"][content] = take_turns(contestants, turns, failed)
            if new.is_file() and new != EXAMPLE:
                found["contents"][content]["bit_rate"] = new.stat().st_size * 8 / found["video"]
    return found


def take_turns(
    contestants: Sequence[tuple[str, str, Build, Path]], turns: int, failed: dict[str, str]
) -> dict[str, Any]:
    """Return what ``turn`` gives of each contestant, by its group and its work.

    Args:
        contestants: The group, work, build and video of each, in the order of a turn.
        turns: Of each.
        failed: Takes the reason why another project's package failed; it then has no more turns.

    Raises:
        BuildError: A contestant of this project failed.
    """
    found: dict[str, Any] = {group: {} for group, *_ in contestants}
    for number in range(1, turns + 1):
        for group, work, build, video in contestants:
            if work in failed:
                continue
            print(f"{video.stem}, turn {number} of {turns}: {work}", file=sys.stderr, flush=True)
            try:
                taken = turn(build, work, video)
            except BuildError as error:
                if work not in PEERS:
                    raise
                failed[work] = str(error)
                found[group].pop(work, None)
            else:
                found[group].setdefault(work, []).append(taken)
    return found


def turn(build: Build, work: str, video: Path) -> dict[str, Any]:
    """Return what ``WORKER`` tells of one work in a build; raises ``BuildError``."""
    done: dict[str, Any] = json.loads(build.run(str(WORKER), work, str(video)).splitlines()[-1])
    return done


def _videos(part: str, folder: Path, seconds: float) -> Iterator[tuple[str, Path, Path]]:
    """Yield the contents of a part, each with its video for this checkout and the older build."""
    if part == "start":
        yield "example", EXAMPLE, EXAMPLE
        return
    for content in CONTENTS if part == "bars" else CONTENTS[:1]:
        video = folder / f"{content}.mp4"
        make_video(video, content, seconds)
        if part == "long":
            yield content, repeated(video, COPIES), repeated(video, COPIES_BEFORE)
        elif part == "jobs":
            (videos := folder / "videos").mkdir()
            for number in range(VIDEOS):
                shutil.copy(video, videos / f"{number}.mp4")
            yield content, videos, videos
        else:
            yield content, video, video


def _peers(cache: Path, failed: dict[str, str]) -> dict[str, Build]:
    """Return the environments of ``PEERS`` that could be made; the reasons go to ``failed``."""
    found = {}
    for work, peer in PEERS.items():
        try:
            found[work] = build_of_peer(peer, cache)
        except BuildError as error:
            failed[work] = str(error)
    return found


def _machine() -> str:
    from machine import machine_name

    libraries = this_checkout().libraries()
    engines = [name for name in ("torch", "onnxruntime", "openvino") if name in libraries]
    return ", ".join([machine_name(), *(f"{name} {libraries[name]}" for name in engines)])


if __name__ == "__main__":
    main()
