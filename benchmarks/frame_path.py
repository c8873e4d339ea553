"""Which files of the package a frame passes on its way from a video to an event.

In: the rendered example and the bundled model. Out: the files of slipdetect in which anything ran
between opening the video and its event, and their number. Loading the model is not counted, nor is
what runs when a module is imported.

    python benchmarks/frame_path.py
    python benchmarks/frame_path.py kitchen.mp4
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import slipdetect
from slipdetect import Detector

PACKAGE = Path(slipdetect.__file__).parent
EXAMPLE = Path(__file__).parents[1] / "examples" / "slip.mp4"


def calls_of(video: Path) -> tuple[Counter[str], int]:
    """Return how often functions of each file were called while ``video`` was looked at.

    Returns:
        Calls by file, relative to the package; the number of events found.
    """
    detector = Detector.load("default", device="cpu")
    calls: Counter[str] = Counter()
    root = f"{PACKAGE}/"

    def note(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        # the body of a module runs when it is imported
        if event == "call" and code.co_name != "<module>" and code.co_filename.startswith(root):
            calls[code.co_filename.removeprefix(root)] += 1

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        result = detector.detect(str(video))
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return calls, len(result.events)


def main() -> None:
    """Print the files, those called most first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", nargs="?", type=Path, default=EXAMPLE)
    calls, events = calls_of(parser.parse_args().video)
    for name, count in calls.most_common():
        print(f"{count:>9}  {name}")
    print(f"{len(calls)} files, {events} event{'' if events == 1 else 's'}")


if __name__ == "__main__":
    main()
