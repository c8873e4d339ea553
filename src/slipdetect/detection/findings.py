"""What a detection has found so far, while it runs.

In: events, windows and counts as they come. Out: the same, and the ``Profile`` of the run.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from slipdetect.detection.profile import Stopwatch, peak_memory
from slipdetect.types import Event, Profile, Window
from slipdetect.video import DecodeReport


@dataclass
class Findings:
    """What a run has found so far.

    Attributes:
        events: Those that are final.
        windows: Those that are complete.
        samples: Frames looked at; known after the last one.
        snippets: Snippets scored.
        computed: Those of them that networks computed.
        watch: Measures the run.
    """

    events: list[Event] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    samples: int = 0
    snippets: int = 0
    computed: int = 0
    watch: Stopwatch = field(default_factory=Stopwatch)

    def profile(self, report: DecodeReport, duration: float) -> Profile:
        """Return where the time went.

        Args:
            report: Of the video, after its last frame.
            duration: What of it was looked at, seconds.
        """
        return Profile(
            self.watch.seconds,
            self.watch.stages,
            duration,
            report.frames,
            self.samples,
            self.snippets,
            self.computed,
            peak_memory(),
        )
