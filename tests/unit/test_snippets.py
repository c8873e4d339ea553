"""Snippets cut from a stream equal those cut from the whole array, and old frames are let go.

In: frames of noise with something that moves. Out: stored uint8 snippets.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipdetect.detection.cutting import SnippetCutter
from slipdetect.detection.schedule import EverySnippet, WindowPlan
from slipdetect.errors import UsageError
from slipdetect.flow import FlowExtractor
from slipdetect.modalities.snippet import (
    Modality,
    SnippetGrid,
    StreamInput,
    cut,
    get_modality,
    motion_box,
    motion_profile,
    snippet_box,
    thumbnail,
)
from slipdetect.video import Frame

Images = npt.NDArray[np.uint8]
FPS = 10.0
FLOW = FlowExtractor("dis", bound=15.0)
SOURCE = FLOW.levels


def every(grid: SnippetGrid, *names: str) -> EverySnippet:
    return EverySnippet(names, grid, WindowPlan.make(1.5, 1.5, grid.step, grid.span, FPS))


def moving_square(frames: int, height: int = 48, width: int = 64) -> Images:
    rng = np.random.default_rng(1)
    still = rng.integers(60, 120, (height, width, 3), np.uint8)
    video = np.stack([still] * frames)
    for index, picture in enumerate(video):
        left = (3 * index) % (width - 12)
        picture[20:32, left : left + 12] = 250 - index % 5
    return video


def frames_of(video: Images, corrupt: Sequence[int] = ()) -> list[Frame]:
    return [Frame(i / FPS, image, i in corrupt) for i, image in enumerate(video)]


def plainly(video: Images, modality: Modality, start: int, span: int, crop: str) -> Images:
    """Cut one snippet from the whole video, in plain loops over absolute frame numbers."""
    last = len(video) - 1
    first = start + (span - modality.frames) // 2
    reads = [min(first + i, last) for i in range(modality.frames)]
    if modality.name == "flow":
        fields = []
        for target in reads[1:]:
            if target == 0:
                fields.append(np.full((*video.shape[1:3], 2), 128, np.uint8))
            else:
                pair = FLOW.quantize(FLOW.pair(video[target - 1], video[target]))
                fields.append(np.moveaxis(pair, 0, -1))
        pictures = np.stack(fields)
    else:
        pictures = np.stack([video[index] for index in reads])
    context = max(span, 12)
    before = (context - span) // 2
    low, high = max(start - before, 0), min(start - before + context, last + 1)
    small = [thumbnail(video[i]) for i in range(low, high)]
    profiles = [motion_profile(small[i], small[i + 1]) for i in range(len(small) - 1)]
    box = snippet_box([], *video.shape[1:3], "center")
    if crop == "motion":
        box = motion_box(profiles, *video.shape[1:3])
    return cut(pictures, box, 24)


@pytest.mark.parametrize("crop", ["motion", "center"])
@pytest.mark.parametrize("frames", [1, 2, 5, 6, 7, 23, 30])
@pytest.mark.parametrize(
    "names", [("rgb",), ("rgbdiff",), ("flow",), ("rgb", "flow", "rgbdiff")], ids="-".join
)
def test_streaming_equals_cutting_from_the_whole_video(
    names: tuple[str, ...], frames: int, crop: str
) -> None:
    video = moving_square(frames)
    kinds = [get_modality(name) for name in names]
    grid = SnippetGrid.make(kinds, 2, FPS)
    inputs = [StreamInput(k, 24, crop) for k in kinds]
    flow = SOURCE if "flow" in names else None
    snippets = list(SnippetCutter(every(grid, *names), inputs, flow).cut(frames_of(video)))
    assert [s.place.first for s in snippets] == grid.starts(frames)
    for snippet in snippets:
        assert snippet.place.last == min(snippet.place.first + grid.span, frames) - 1
        for kind in kinds:
            wanted = plainly(video, kind, snippet.place.first, grid.span, crop)
            assert np.array_equal(snippet.views(kind.name), wanted[None])


@settings(max_examples=150)
@given(
    st.integers(1, 60),
    st.integers(1, 12),
    st.sampled_from([0.5, 1.0, 3.0, 10.0]),
    st.sampled_from(["rgb", "rgbdiff"]),
    st.sampled_from(["motion", "center"]),
)
def test_any_grid_cuts_any_video_and_forgets(
    frames: int, step: int, fps: float, name: str, crop: str
) -> None:
    video = np.arange(frames, dtype=np.uint8)[:, None, None, None].repeat(8, 1).repeat(8, 2)
    video = video.repeat(3, 3)
    kind = get_modality(name)
    grid = SnippetGrid.make([kind], step, fps)
    cutter = SnippetCutter(every(grid, name), [StreamInput(kind, 8, crop)])
    most = 0
    snippets = []
    for snippet in cutter.cut(frames_of(video)):
        most = max(most, len(cutter._samples))
        snippets.append(snippet)
    assert cutter.frames == frames
    assert most <= grid.context + step + grid.span
    for snippet in snippets:
        read = snippet.views(name)[0, :, 4, 4, 0].tolist()
        wanted = [min(snippet.place.first + i, frames - 1) for i in range(kind.frames)]
        assert read == wanted
    assert snippets[-1].place.last == frames - 1


def test_memory_of_frames_does_not_grow_with_the_video() -> None:
    kind = get_modality("rgbdiff")
    grid = SnippetGrid.make([kind], 2, FPS)
    picture = np.zeros((8, 8, 3), np.uint8)
    cutter = SnippetCutter(every(grid, kind.name), [StreamInput(kind, 8, "motion")])
    most = 0
    for _ in cutter.cut(Frame(i / FPS, picture) for i in range(3000)):
        most = max(most, len(cutter._samples))
    assert most <= grid.context + grid.step


def test_a_damaged_frame_marks_the_snippets_that_read_it() -> None:
    kind = get_modality("rgbdiff")
    grid = SnippetGrid.make([kind], 2, FPS)
    cutter = SnippetCutter(every(grid, kind.name), [StreamInput(kind, 24, "motion")])
    snippets = list(cutter.cut(frames_of(moving_square(20), corrupt=[9])))
    assert [s.place.first for s in snippets if s.corrupt] == [4, 6, 8]


def test_no_frames_give_no_snippets() -> None:
    grid = SnippetGrid.make([get_modality("rgb")], 2, FPS)
    inputs = [StreamInput(get_modality("rgb"), 8, "motion")]
    assert list(SnippetCutter(every(grid, "rgb"), inputs).cut([])) == []


def test_shorter_snippets_sit_in_the_middle_of_the_longest() -> None:
    rgb, flow, diff = (get_modality(name) for name in ("rgb", "flow", "rgbdiff"))
    grid = SnippetGrid.make([rgb, flow, diff], 2, FPS)
    assert (grid.span, grid.context, grid.before, grid.after) == (6, 12, 3, 3)
    assert grid.indices(4, rgb, 100).tolist() == [6]
    assert grid.indices(4, flow, 100).tolist() == grid.indices(4, diff, 100).tolist()
    assert grid.indices(4, diff, 100).tolist() == [4, 5, 6, 7, 8, 9]
    assert grid.indices(4, diff, 7).tolist() == [4, 5, 6, 6, 6, 6]


def test_an_unknown_crop_is_refused() -> None:
    with pytest.raises(UsageError, match="choose from motion, center"):
        snippet_box([], 10, 10, "corner")
