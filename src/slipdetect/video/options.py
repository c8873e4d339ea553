"""How a source may be opened, as keyword arguments that editors and type checkers know.

In: nothing. Out: ``VideoOptions``, which files take, and ``SourceOptions``.
"""

from __future__ import annotations

from typing import TypedDict, cast

from slipdetect.errors import UsageError


class VideoOptions(TypedDict, total=False):
    """How a file is read.

    Attributes:
        stream: Which video stream, from 0, cover pictures not counted; None is the first.
        frame_rate: Ignore the file's timestamps and show frame i at i / frame_rate seconds.
        max_pixels: Refuse frames with more pixels than this.
        max_duration: Stop before this time, seconds.
    """

    stream: int | None
    frame_rate: float | None
    max_pixels: int
    max_duration: float | None


class SourceOptions(VideoOptions, total=False):
    """How a file or a live source is read; a live one takes everything but ``frame_rate``.

    Attributes:
        retries: Live: tries in a row to connect before giving up.
        read_timeout: Live: seconds without data after which the connection is given up.
        open_timeout: Live: seconds for connecting.
        first_wait: Live: seconds before the first try to connect again, then twice as long.
        longest_wait: Live: most seconds before any try.
        jitter: Live: share of a wait that chance adds.
        max_lag: Live: seconds of sampled frames that may wait.
    """

    retries: int
    read_timeout: float
    open_timeout: float
    first_wait: float
    longest_wait: float
    jitter: float
    max_lag: float


def file_options(options: SourceOptions) -> VideoOptions:
    """Return the options of a file.

    Raises:
        UsageError: One that only live sources take.
    """
    if unknown := set(options) - VideoOptions.__optional_keys__:
        raise UsageError(f"a file takes no {', '.join(sorted(unknown))}; leave it out")
    return cast(VideoOptions, options)
