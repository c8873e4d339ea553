"""Windows: every snippet is scored once, and the mean equals the direct computation.

In: snippet plans and videos of any length. Out: windows, against cuts of the whole frame array.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from slipdetect.detection.cutting import SnippetCutter
from slipdetect.detection.schedule import (
    EverySnippet,
    Place,
    WindowAssembler,
    WindowPlan,
    WindowScores,
)
from slipdetect.errors import UsageError
from slipdetect.modalities.normalize import Normalization, SnippetNormalizer
from slipdetect.modalities.snippet import SnippetGrid, StreamInput, get_modality
from slipdetect.models import Consensus
from slipdetect.video import Frame
from stub_models import stub_tsn

FPS = 10.0


def assemble(
    plan: WindowPlan, grid: SnippetGrid, frames: int
) -> tuple[list[WindowScores], list[tuple[int, ...]], int]:
    """Run a plan over a video of ``frames`` frames with no pictures in it.

    Returns:
        The windows, the snippets that each one combined, and the most snippets ever remembered.
    """
    assembler = WindowAssembler(plan)
    windows: list[WindowScores] = []
    most = 0
    for index, start in enumerate(grid.starts(frames)):
        place = Place(start, min(start + grid.span, frames) - 1, {})
        windows += assembler.push(place, {"rgb": np.array([index], np.float32)}, False)
        most = max(most, len(assembler._scores))
    windows += assembler.finish(frames)
    combined = [tuple(int(i) for i in window.scores["rgb"][:, 0]) for window in windows]
    return windows, combined, most


@st.composite
def plans(draw: st.DrawFn) -> tuple[WindowPlan, SnippetGrid]:
    span, step = draw(st.integers(1, 7)), draw(st.integers(1, 5))
    window = draw(st.sampled_from([0.1, 0.5, 1.0, 1.5, 3.0]))
    stride = min(window, draw(st.sampled_from([0.1, 0.2, 0.5, 1.0, 3.0])))
    return WindowPlan.make(window, stride, step, span, FPS), SnippetGrid(span, step, span + 3)


@settings(max_examples=300)
@given(plans(), st.integers(1, 60))
def test_any_plan_covers_any_video(both: tuple[WindowPlan, SnippetGrid], frames: int) -> None:
    plan, grid = both
    windows, combined, most = assemble(plan, grid, frames)
    duration = (frames - 1) / FPS
    assert windows[0].start == 0.0
    assert windows[-1].end == pytest.approx(duration)
    assert sorted({i for members in combined for i in members}) == list(
        range(len(grid.starts(frames)))
    )
    for window in windows:
        assert 0 <= window.start <= window.end <= duration
    for before, after in pairwise(windows):
        assert before.start <= after.start
        assert before.end <= after.end
        assert before.start + before.end <= after.start + after.end
    for before, after in pairwise(combined):
        assert before != after
        assert after[0] <= before[-1] + 1
    for members in combined:
        assert list(members) == list(range(members[0], members[-1] + 1))
        assert len(members) <= plan.snippets
        assert len(members) >= min(plan.fewest, len(grid.starts(frames)))
    assert most <= plan.snippets + plan.hop + 1


@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_a_short_video_has_one_window(frames: int) -> None:
    plan = WindowPlan.make(1.5, 0.2, 2, 6, FPS)
    windows, combined, _ = assemble(plan, SnippetGrid(6, 2, 12), frames)
    assert combined == [(0,)]
    assert [(w.start, w.end) for w in windows] == [(0.0, (frames - 1) / FPS)]


def test_the_plan_of_the_bundled_recipe_by_hand() -> None:
    """1.5 s at 10/s are 16 samples: snippets of 6 begin at 0, 2, ... 10, that is six."""
    plan = WindowPlan.make(1.5, 0.2, 2, 6, FPS)
    assert (plan.snippets, plan.hop, plan.fewest) == (6, 1, 3)
    windows, combined, _ = assemble(plan, SnippetGrid(6, 2, 12), 26)
    assert combined[:5] == [
        (0, 1, 2),
        (0, 1, 2, 3),
        (0, 1, 2, 3, 4),
        tuple(range(6)),
        (1, 2, 3, 4, 5, 6),
    ]
    assert (windows[3].start, windows[3].end) == (0.0, 1.5)
    assert (windows[4].start, windows[4].end) == (0.2, 1.7)
    assert combined[-1] == (8, 9, 10)
    assert (windows[-1].start, windows[-1].end) == (1.6, 2.5)


def test_stride_as_long_as_the_window_leaves_no_gap() -> None:
    plan = WindowPlan.make(0.5, 0.5, 1, 2, FPS)
    assert plan.hop == plan.snippets == 5
    _, combined, _ = assemble(plan, SnippetGrid(2, 1, 2), 14)
    assert combined == [(0, 1, 2), (3, 4, 5, 6, 7), (8, 9, 10, 11, 12)]


def test_a_stride_beyond_the_window_is_refused() -> None:
    with pytest.raises(UsageError, match="would go unseen"):
        WindowPlan.make(1.0, 1.1, 2, 6, FPS)


def test_long_videos_need_no_more_memory() -> None:
    plan = WindowPlan.make(1.5, 0.2, 2, 6, FPS)
    most = [assemble(plan, SnippetGrid(6, 2, 12), frames)[2] for frames in (100, 5000)]
    assert most[0] == most[1] == plan.snippets


def test_a_damaged_snippet_marks_every_window_that_holds_it() -> None:
    plan = WindowPlan(snippets=3, hop=1, step=1, span=1, sample_fps=FPS)
    assembler = WindowAssembler(plan)
    scores = {"rgb": np.zeros(2, np.float32)}
    windows = [w for i in range(8) for w in assembler.push(Place(i, i, {}), scores, i == 4)]
    windows += assembler.finish(8)
    assert [w.corrupt for w in windows] == [False] * 3 + [True] * 3 + [False] * 2


def test_nothing_pushed_gives_nothing() -> None:
    plan = WindowPlan.make(1.5, 0.2, 2, 6, FPS)
    assert WindowAssembler(plan).finish(0) == []


def test_no_more_pictures_are_kept_than_snippets_need() -> None:
    kind = get_modality("flow")
    grid = SnippetGrid.make([kind], 2, FPS)
    made: list[weakref.ref[np.ndarray]] = []

    def frames() -> Iterator[Frame]:
        for number in range(150):
            image = np.full((16, 16, 3), number, np.uint8)
            made.append(weakref.ref(image))
            yield Frame(number / FPS, image)

    def flow(pictures: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        return (np.zeros((16, 16, 2), np.uint8) for _ in pairwise(pictures))

    schedule = EverySnippet(("flow",), grid, WindowPlan.make(1.2, 0.4, grid.step, grid.span, FPS))
    cutter = SnippetCutter(schedule, [StreamInput(kind, 14, "center")], flow)
    kept = [sum(ref() is not None for ref in made) for _ in cutter.cut(frames())]
    # those of a snippet and its surroundings, and a few that generators still hold
    assert grid.span <= max(kept) <= grid.context + grid.step + 4


@pytest.mark.parametrize("consensus", ["avg", "max", "topk", "rnn", "cnn"])
@pytest.mark.parametrize("modality", ["rgb", "rgbdiff"])
@pytest.mark.parametrize("frames", [3, 17, 40])
def test_windows_equal_scoring_each_window_by_itself(
    consensus: str, modality: str, frames: int
) -> None:
    """TSN on the pictures of a window, cut from the whole array, gives the window's score."""
    kind = get_modality(modality)
    agreed = Consensus(consensus, 2, num_classes=2)
    for weight in agreed.parameters():
        torch.nn.init.normal_(weight)  # beyond the average that they begin with
    network = stub_tsn(modality, consensus=agreed, dropout=0.5).eval()
    normalize = SnippetNormalizer(kind, Normalization())
    rng = np.random.default_rng(5)
    video = rng.integers(0, 256, (frames, 16, 16, 3), np.uint8)
    grid = SnippetGrid.make([kind], 2, FPS)
    plan = WindowPlan.make(1.2, 0.4, grid.step, grid.span, FPS)
    # the one snippet that reaches the last frame, by repeating it where the grid does not fit
    last_starts = [s for s in range(0, 60, 2) if s + grid.span >= frames][:1]
    calls = 0
    assembler = WindowAssembler(plan)
    schedule = EverySnippet((modality,), grid, plan)
    cutter = SnippetCutter(schedule, [StreamInput(kind, 14, "center")])
    windows = []
    with torch.inference_mode():
        for snippet in cutter.cut(Frame(i / FPS, image) for i, image in enumerate(video)):
            x = normalize(torch.from_numpy(snippet.views(modality))[None])
            calls += 1
            scores = {modality: network.snippet_scores(x)[0, 0].numpy()}
            windows += assembler.push(snippet.place, scores, snippet.corrupt)
        windows += assembler.finish(frames)
        assert calls == len(grid.starts(frames))
        for window in windows:
            score = network.consensus(torch.from_numpy(window.scores[modality])[None])[0]
            first, end = round(window.start * FPS), round(window.end * FPS)
            starts = [
                start
                for start in range(first, end + 2, grid.step)
                if start + grid.span - 1 <= end or (end == frames - 1 and start in last_starts)
            ]
            snippets = []
            for start in starts:
                picked = [min(start + i, frames - 1) for i in range(kind.frames)]
                # the center crop of 16 x 16 is 224/256 of it: 14 x 14, one pixel in
                snippets.append(video[picked, 1:15, 1:15])
            direct = network(normalize(torch.from_numpy(np.stack(snippets))[None]))[0]
            assert torch.allclose(score, direct, atol=1e-5)
