"""What takes the results of a run, and what it is made from.

In: options of ``detect`` and the videos of a run. Out: ``ResultSink``, which every sink extends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from slipdetect.errors import SlipdetectError, UsageError

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult, Detector, EventConfig
    from slipdetect.video import View


@dataclass(frozen=True)
class Setup:
    """What a run was asked for.

    Attributes:
        options: Of the command, by their names in Python.
        sources: All that will be looked at, in order.
        readable: Those of them that have no error already.
        sinks: Those made so far; a later one may use what an earlier one writes.
    """

    options: Mapping[str, Any]
    sources: Sequence[str]
    readable: Sequence[str] = ()
    sinks: list[ResultSink] = field(default_factory=list)

    @property
    def overwrite(self) -> bool:
        """Whether files that exist may be replaced."""
        return bool(self.options["overwrite"])


def refuse(options: Mapping[str, Any], names: Sequence[str], wants: str) -> None:
    """Refuse options that were given without what they are for.

    Raises:
        UsageError: One of ``names`` was given.
    """
    for name in names:
        if options[name] is not None:
            raise UsageError(f"--{name.replace('_', '-')} is for {wants}")


class ResultSink:
    """Takes each result of a run, or why there is none, in the order of the sources.

    A method that a sink has no use for stays as it is here. What goes wrong with all that follows,
    such as a full disk, is raised; what goes wrong with one video is added to ``missing``.

    Attributes:
        option: The option that asks for the sink, where it has one of its own.
        metavar: What the option takes.
        help: Its line in ``detect --help``.
        sees_frames: It is asked for ``views`` first, and given the result when these were shown.
        targets: Files that it will write, which no other sink may take.
        written: Files that are there now.
        missing: What could not be made of results.
    """

    option: ClassVar[str] = ""
    metavar: ClassVar[str] = "PATH"
    help: ClassVar[str] = ""
    sees_frames: ClassVar[bool] = False

    def __init__(self, targets: Sequence[Path] = ()) -> None:
        self.targets = targets
        self.written: list[Path] = []
        self.missing: list[SlipdetectError] = []
        self.detector: Detector | None = None

    @classmethod
    def chosen(cls, setup: Setup) -> Self | None:
        """Return the sink if the options ask for it, with its targets checked before any work.

        Raises:
            UsageError: The options make no sense.
            OutputError: A file exists or cannot be written.
        """
        return None

    def open(self, detector: Detector | None) -> None:
        """Begin.

        Args:
            detector: The model that looks; None where nothing can be looked at.
        """
        self.detector = detector

    def views(self, result: DetectionResult) -> Sequence[View]:
        """Return what wants frames of the video; all sinks share one pass over it."""
        return ()

    def result(self, result: DetectionResult) -> None:
        """Take what was found in a video."""

    def failure(self, source: str, error: str) -> None:
        """Take why there is no result of a source."""

    def close(self) -> None:
        """End; also where the user stopped the run."""

    @property
    def events(self) -> EventConfig:
        """The thresholds in force."""
        if self.detector is None:
            raise RuntimeError("a result without a detector")
        return self.detector.event_config
