"""``slipdetect doctor VIDEO``: what a recording is, what is doubtful in it, how it will be read.

In: an open video. Out: ``Check``s, in the order in which they are shown, and plain facts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from slipdetect._text import plain_name, timecode
from slipdetect.cli.checks import Check
from slipdetect.cli.console import name_options
from slipdetect.types.export import rounded
from slipdetect.video import Video
from slipdetect.video.frame import GAP_SECONDS
from slipdetect.video.video import Details

QUICK_SECONDS = 10.0  # of a video that --quick looks at
_EVEN = 0.2  # share by which the distance of frames of an even rate may differ
_MOSTLY = 0.95  # of the distances
_LISTED = 3
_STAMPS = {
    "presentation": "stamps in the file say when pictures are shown",
    "slots": "the file numbers its pictures, at a fixed rate",
    "none": "none in the file: pictures are counted",
}

Progress = Callable[[float, float | None], None]


@dataclass
class Times:
    """How frames lie in time.

    Attributes:
        count: Frames.
        first: When the first is shown, seconds.
        last: When the last is shown, seconds.
        steps: Distances between frames in milliseconds, those over gaps left out.
    """

    count: int = 0
    first: float = 0.0
    last: float = 0.0
    steps: Counter[int] = field(default_factory=Counter)

    def add(self, seconds: float) -> None:
        """Take the next frame."""
        if self.count == 0:
            self.first = seconds
        elif seconds - self.last <= GAP_SECONDS:
            self.steps[round(1000 * (seconds - self.last))] += 1
        self.count, self.last = self.count + 1, seconds

    def step(self, share: float) -> float | None:
        """Return the distance in seconds that so large a share of the distances do not exceed."""
        wanted, seen = share * self.steps.total(), 0
        for step, count in sorted(self.steps.items()):
            seen += count
            if seen >= wanted:
                return step / 1000
        return None

    @property
    def rate(self) -> float | None:
        """The usual frames per second."""
        seconds = sum(step * count for step, count in self.steps.items()) / 1000
        return self.steps.total() / seconds if seconds > 0 else None

    @property
    def even(self) -> bool:
        """Whether nearly all frames are as far from the next one as usual."""
        usual = self.step(0.5) or 0.0
        off = [abs(step / 1000 - usual) <= max(_EVEN * usual, 0.001) for step in self.steps]
        near = sum(n for n, is_near in zip(self.steps.values(), off, strict=True) if is_near)
        return near >= _MOSTLY * self.steps.total()


def read_through(video: Video, on_progress: Progress) -> Times:
    """Decode a video to its end, and return how its frames lie in time."""
    times = Times()
    for seconds, _ in video.timed():
        times.add(seconds)
        on_progress(seconds, video.info.end)
    return times


def video_checks(
    video: Video, times: Times, sample_fps: float, quick: bool, given: float | None = None
) -> list[Check]:
    """Return what there is to say of a video that was read.

    Args:
        video: It, with its report.
        times: Of its frames.
        sample_fps: Pictures a second that the bundled model looks at.
        quick: Only its beginning was read.
        given: Frames per second that the user names instead of all stamps.
    """
    checks = [*_file(video), *_pictures(video), *_times(video, times, sample_fps, quick, given)]
    checks += _damage(video, times, quick)
    warnings = video.report.warnings if not quick else []
    checks += [Check("warning", False, name_options(text)) for text in warnings]
    return checks


def _file(video: Video) -> Iterator[Check]:
    path = Path(video.info.source)
    pieces, details = video.report.pieces, video.details
    form = "pictures of slipdetect extract" if details is None else details.form
    size = f", {_size(path.stat().st_size)}" if path.is_file() and not pieces else ""
    several = f", {len(pieces)} files read as one" if pieces else ""
    yield Check("file", None, f"{form}{size}{several}")
    if details is None:
        return
    yield Check("codec", None, f"{details.codec}, {details.pixel_format}")
    tracks = "1 video track" if video.info.streams == 1 else f"{video.info.streams} video tracks"
    sound = {0: "no sound", 1: "1 sound track"}.get(details.sound, f"{details.sound} sound tracks")
    yield Check("tracks", True if video.info.streams == 1 else None, f"{tracks}, {sound}")


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


def _pictures(video: Video) -> Iterator[Check]:
    info, details = video.info, video.details
    shown = f"{info.width} x {info.height}"
    if details is None:
        yield Check("picture", True, shown)
        return
    yield Check("picture", True, f"{shown}{_how_shown(details)}")
    if info.interlaced:
        what = "interlaced: two fields of different moments each; deinterlaced, one picture a frame"
        yield Check("fields", True, what)
    matrix = details.matrix or "colors not told, taken for BT.601"
    levels = details.range or "limited range" * (details.matrix != "RGB")
    found = ", ".join(filter(None, (matrix, levels)))
    if details.high_dynamic_range is None:
        yield Check("color", True, f"{found}; made 8-bit RGB")
    else:
        kind = details.high_dynamic_range
        yield Check(
            "color",
            False,
            f"{found}, {kind}: pictures look pale, since high dynamic range is not mapped",
            "convert it to standard dynamic range, as phones do when they share a video",
        )


def _how_shown(details: Details) -> str:
    stored = details.stored
    parts = [f"; stored {stored.width} x {stored.height}"]
    if str(stored.orientation) != "as stored":
        parts.append(str(stored.orientation))
    if stored.aspect != 1:
        parts.append(f"pixels {stored.aspect} made square")
    return ", ".join(parts) if len(parts) > 1 else ""


def _times(
    video: Video, times: Times, sample_fps: float, quick: bool, given: float | None
) -> Iterator[Check]:
    info, details = video.info, video.details
    stamps = "presentation" if details is None else details.stamps
    extent = f"{timecode(times.first)} to {timecode(times.last)}"
    if given is None:
        yield Check("times", stamps != "none", f"{_STAMPS[stamps]}; {extent}")
    else:
        yield Check("times", None, f"pictures are counted, {given:g} a second as you say; {extent}")
    if info.start > 0:
        before = ", sound alone before" if details is not None and details.sound else ""
        late = f"the first picture comes {info.start:.2f} s after the file begins{before}"
        yield Check("start", None, late)
    rate = _rate(times, info.frame_rate, sample_fps)
    # a rate that was assumed is not found to be right
    yield replace(rate, ok=None) if rate.ok and stamps == "none" and given is None else rate
    yield Check("began", None, info.started or "the time of day is not told")
    if quick:
        return
    gaps, joins = video.report.gaps, video.report.joins
    spans = [f"{timecode(gap.start)} to {timecode(gap.end)}" for gap in gaps]
    yield Check("gaps", not gaps, _some(spans) or "none")
    if joins:
        at = _some([timecode(join.at) for join in joins])
        yield Check("parts", False, f"the clock jumps, parts are joined, at {at}")


def _rate(times: Times, told: float | None, sample_fps: float) -> Check:
    rate = times.rate
    if rate is None:
        return Check("rate", False, "too few pictures to tell")
    header = ""
    if told is not None and abs(told - rate) < 0.02 * rate:
        rate = told  # stamps are rounded
    elif told is not None:
        header = f", {told:.4g} by its header"
    if times.even:
        found = f"{rate:.4g} pictures a second, evenly"
    else:
        slow, fast = times.step(0.98), times.step(0.02)
        span = f", {1 / slow:.3g} to {1 / fast:.3g} at times" if slow and fast else ""
        found = f"{rate:.4g} pictures a second, unevenly{span}"
    if rate < 0.9 * sample_fps:
        more = f"; the bundled model looks at {sample_fps:g}, so it sees less than it could"
        return Check("rate", False, found + header + more)
    return Check("rate", True, f"{found}{header}; {sample_fps:g} of them are looked at")


def _damage(video: Video, times: Times, quick: bool) -> Iterator[Check]:
    report = video.report
    far = f"of {QUICK_SECONDS:g} s" if quick else "to the end"
    sound = not (report.failures or report.undecoded or report.truncated)
    odd = [
        f"{report.failures} damaged" * bool(report.failures),
        f"{report.undecoded} packets without a picture" * bool(report.undecoded),
        "a part is missing" * report.truncated,
    ]
    many = "1 picture" if times.count == 1 else f"{times.count} pictures"
    found = f"{many} decoded {far}"
    yield Check("damage", sound, ", ".join([found, *filter(None, odd)]))


def _some(texts: list[str]) -> str:
    more = [f"{len(texts) - _LISTED} more"] if len(texts) > _LISTED else []
    return ", ".join(texts[:_LISTED] + more)


def video_facts(video: Video, times: Times) -> dict[str, Any]:
    """Return the same as plain data: seconds rounded to 1e-6, counts, names."""
    info, report = video.info, video.report
    facts: dict[str, Any] = {"name": plain_name(info.source)}
    if video.details is not None:
        details, stored = asdict(video.details), video.details.stored
        del details["stored"]
        facts |= {
            "stored_width": stored.width,
            "stored_height": stored.height,
            **details,
            "pixel_aspect": str(stored.aspect),
            "turned": 90 * stored.orientation.turns,
            "mirrored": stored.orientation.mirrored,
        }
    rate = times.rate
    return facts | {
        "width": info.width,
        "height": info.height,
        "interlaced": info.interlaced,
        "video_tracks": info.streams,
        "frames": times.count,
        "start": rounded(times.first),
        "end": rounded(times.last),
        "frame_rate": None if rate is None else rounded(rate),
        "even": times.even,
        "header_frame_rate": None if info.frame_rate is None else rounded(info.frame_rate),
        "started": info.started,
        "gaps": [{"start": rounded(gap.start), "end": rounded(gap.end)} for gap in report.gaps],
        "joins": [rounded(join.at) for join in report.joins],
        "decode_failures": report.failures,
        "packets_without_picture": report.undecoded,
        "truncated": report.truncated,
        "warnings": [name_options(text) for text in report.warnings],
    }
