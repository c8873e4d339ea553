"""Looking at several videos at once, as if they were looked at one after the other.

In: workers, the sources in order. Out: a function that detects, and is ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from slipdetect.cli.detect_options import DetectSettings
from slipdetect.workers import (
    GO_ON,
    Answer,
    Backend,
    Crew,
    Done,
    Failed,
    Interrupted,
    Link,
    Make,
    Paced,
    in_order,
)

if TYPE_CHECKING:
    from slipdetect.cli.batch import OnEvent, Progress
    from slipdetect.detection import DetectionResult, Event
    from slipdetect.types import Zones

AHEAD = 1000  # videos whose results may wait for that of an earlier one


@dataclass(frozen=True)
class Detecting:
    """Loads the model in a worker.

    Attributes:
        settings: Of the run; what workers have no use for may be left out.
        zones: Of the run; their file need not be where a worker is.
    """

    settings: DetectSettings
    zones: Zones

    def __call__(self) -> Callable[[str, Link], DetectionResult]:
        """Return what finds the events of a source."""
        detector = self.settings.load_detector()
        detector.zones = self.zones
        store, reading = self.settings.opened_store(), self.settings.reading()

        def detect(source: str, link: Link) -> DetectionResult:
            progress = Paced(link.tell)

            def on_progress(done: float, duration: float | None) -> None:
                if link.stopping() != GO_ON:
                    raise Interrupted
                progress(("progress", done, duration))

            def on_event(event: Event) -> None:
                link.tell(("event", event))

            return detector.detect(
                source, on_progress=on_progress, on_event=on_event, store=store, **reading
            )

        return detect


class SideBySide:
    """Detects in videos before their turn comes, by workers.

    Callbacks are called in the caller's thread, each in the turn of its video.

    Args:
        backend: Where workers run, entered.
        make: Makes what detects, in each of them; ``Detecting``.
        sources: In the order in which they will be asked for.
        on_done: Takes the result of a source as soon as it is there, in any order; or None.
        pieces: Files of each source that is a recording in several.
    """

    def __init__(
        self,
        backend: Backend,
        make: Make[str, DetectionResult],
        sources: Sequence[str],
        on_done: Callable[[str, DetectionResult], None] | None,
        pieces: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        files = [(pieces or {}).get(source, [source]) for source in sources]
        self._crew = Crew(backend, make, sources, sources, files=files, ahead=AHEAD)
        self._sources = sources
        self._on_done = on_done
        self._answers = self._in_turn()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._answers.close()

    def __call__(self, source: str, on_progress: Progress, on_event: OnEvent) -> DetectionResult:
        """Return the result of the next source, or raise its error."""
        callbacks: dict[str, Callable[..., None]] = {"progress": on_progress, "event": on_event}
        for answer in self._answers:
            if isinstance(answer, Done):
                return answer.result
            if isinstance(answer, Failed):
                raise answer.error
            what, *arguments = answer.message
            callbacks[what](*arguments)
        raise RuntimeError(f"{source!r} was asked for after the last one")

    def _in_turn(self) -> Generator[Answer[DetectionResult], None, None]:
        with closing(self._crew.run()) as answers:
            for _, answer in in_order(self._noted(answers)):
                yield answer

    def _noted(
        self, answers: Iterator[tuple[int, Answer[DetectionResult]]]
    ) -> Iterator[tuple[int, Answer[DetectionResult]]]:
        for index, answer in answers:
            if isinstance(answer, Done) and self._on_done is not None:
                self._on_done(self._sources[index], answer.result)
            yield index, answer
