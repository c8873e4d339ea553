"""Where the time of a whole ``slipdetect detect`` went, with loading and writing.

In: the parts of a run as they happen. Out: a table on stderr, where it was asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from slipdetect.detection.detector import peak_memory
from slipdetect.detection.pipeline import Stopwatch
from slipdetect.types import Profile, Stage

if TYPE_CHECKING:
    from slipdetect.cli.batch import Detect, Progress
    from slipdetect.cli.console import Console
    from slipdetect.detection import DetectionResult

T = TypeVar("T")

_LOADING = "loading the model"
_LOOKING = "looking"
_FAILED = "videos that failed"
_WRITING = "writing"


class Profiling:
    """Measures one run of the command; does nothing unless it was asked for.

    Args:
        wanted: ``--profile``.
    """

    def __init__(self, wanted: bool) -> None:
        self._watch = Stopwatch() if wanted else None
        self._done: list[Profile] = []

    def loading(self, load: Callable[[], T]) -> T:
        """Load and return the model."""
        return self._measured(_LOADING, load)

    def writing(self, run: Callable[[], T]) -> T:
        """Run the batch; what of it is not looking at videos is writing."""
        return self._measured(_WRITING, run)

    def looking(self, look: Detect) -> Detect:
        """Return ``look`` with what its results say of their time taken down."""

        def noted(source: str, on_progress: Progress) -> DetectionResult:
            result = self._measured(_LOOKING, lambda: look(source, on_progress))
            if self._watch is not None and result.profile is not None:
                self._done.append(result.profile)
            return result

        return noted

    def tell(self, console: Console) -> None:
        """Print the table."""
        if self._watch is None:
            return
        from slipdetect.reports.table import profile_text

        looked = sum(self._done, start=Profile(0.0))
        console.block("\n" + profile_text(self._whole(self._watch, looked), looked))

    def _measured(self, name: str, work: Callable[[], T]) -> T:
        if self._watch is None:
            return work()
        with self._watch.stage(name):
            return work()

    def _whole(self, watch: Stopwatch, looked: Profile) -> Profile:
        """Return the profile of the run, with looking split as the results say."""
        seconds = {stage.name: stage.seconds for stage in watch.stages}
        failed = max(seconds.pop(_LOOKING, 0.0) - looked.seconds, 0.0)
        own = [Stage(name, each) for name, each in seconds.items()]
        if failed > 0.005:
            own.append(Stage(_FAILED, failed))
        return replace(
            looked,
            seconds=watch.seconds,
            stages=(*own, *looked.stages),
            peak_memory=peak_memory(),
        )
