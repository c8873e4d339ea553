"""A run under conditions: which clips stand for all, what is kept, what is refused.

In: clips that need not exist and a detector that looks at nothing. Out: files in a folder.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipdetect.detection import Event, EventConfig, Window
from slipdetect.errors import DataError, OutputError, VideoError
from slipdetect.lab.data import Clip
from slipdetect.lab.stress.conditions import Case, Place, make_cases
from slipdetect.lab.stress.run import (
    begin,
    choose_evenly,
    pending,
    predictions_file,
    read_cases,
    run_case,
    stress_facts,
)
from slipdetect.lab.stress.sheet import case_pictures, choose_clip, stress_sheet
from slipdetect.models import ModelPackage
from slipdetect.types import View
from slipdetect.video import Frame
from synth import make_video

CASES = make_cases(["mirror", "dark"], {"dark": [50, 0]})


class LevelDetector:
    """Sees what becomes of one frame of level 100; its level is the score, an event if 100."""

    event_config = EventConfig()

    def __init__(self, transform: Any = None) -> None:
        self.transform = transform

    def with_transform(self, transform: Any) -> LevelDetector:
        return LevelDetector(transform)

    def detect(self, path: Path) -> Any:
        if path.stem == "missing":
            raise VideoError("cannot read it")
        frames = iter([Frame(0.0, np.full((4, 4, 3), 100, np.uint8))])
        (frame,) = frames if self.transform is None else self.transform(frames)
        score = frame.image.mean() / 100
        events = (Event(0.0, 1.0, 0.5, score),) if score == 1 else ()
        windows = (Window(0.0, 1.0, score),)
        return SimpleNamespace(watched=2.0, windows=windows, events=events, view="level")


def clips(*names: str) -> list[Clip]:
    return [Clip(Path("/data") / f"{name}.mp4", True, group=name) for name in names]


def run(folder: Path, todo: list[Case], names: tuple[str, ...] = ("a", "b"), **more: Any) -> None:
    detector: Any = LevelDetector()
    for case in todo:
        run_case(detector, case, clips(*names), Path("/data"), folder, **more)


def test_every_case_is_kept_in_its_file(tmp_path: Path) -> None:
    said: list[tuple[str, int, int]] = []
    run(tmp_path, CASES, say=lambda case, done, total: said.append((case.label, done, total)))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "dark-0.jsonl",
        "dark-50.jsonl",
        "mirror.jsonl",
        "undisturbed.jsonl",
    ]
    found = read_cases(tmp_path, CASES)
    assert list(found) == CASES
    scores = {case.label: [item.score for item in rows] for case, rows in found.items()}
    assert scores == {
        "undisturbed": [1.0, 1.0],
        "mirror": [1.0, 1.0],
        "dark 50%": [0.5, 0.5],
        "dark 0%": [0.0, 0.0],
    }
    assert [item.clip for item in found[CASES[0]]] == ["a.mp4", "b.mp4"]
    assert said[:3] == [("undisturbed", 1, 2), ("undisturbed", 2, 2), ("mirror", 1, 2)]


def test_only_what_is_missing_is_pending(tmp_path: Path) -> None:
    assert pending(tmp_path, CASES) == CASES
    run(tmp_path, CASES[:2])
    assert pending(tmp_path, CASES) == CASES[2:]
    with pytest.raises(DataError, match=r"dark-50\.jsonl"):
        read_cases(tmp_path, CASES)


def test_a_stop_leaves_no_half_of_a_case(tmp_path: Path) -> None:
    def stop(case: Case, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, CASES[:1], say=stop)
    assert list(tmp_path.iterdir()) == []


def test_unreadable_clips_are_left_out_but_not_all_of_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run(tmp_path, CASES[:1], ("a", "missing"))
    assert [item.clip for item in read_cases(tmp_path, CASES[:1])[CASES[0]]] == ["a.mp4"]
    assert "left out: cannot read it" in caplog.text
    with pytest.raises(DataError, match="no clip could be read"):
        run(tmp_path, CASES[1:2], ("missing",))
    assert not predictions_file(tmp_path, CASES[1]).exists()


@pytest.fixture
def facts(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Return facts of clips, with a model whose configuration says ``model``."""

    def make(
        chosen: list[Clip], model: str = "{}", seed: int = 0, view: View = "level"
    ) -> dict[str, Any]:
        folder = tmp_path / "model"
        folder.mkdir(exist_ok=True)
        (folder / "model.json").write_text(model)
        config: Any = SimpleNamespace(name="stub")
        return stress_facts(ModelPackage(config, folder), chosen, tmp_path, seed, view)

    return make


def test_a_folder_goes_on_with_the_same_facts_only(
    tmp_path: Path, facts: Callable[..., dict[str, Any]]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    known = clips("a", "b")
    begin(out, facts(known))
    begin(out, facts(known))
    begin(out, facts(known[::-1]))  # the order of rows does not matter
    for other, named in (
        (facts(known, model='{"onset": 0.4}'), "model.sha256"),
        (facts(known[:1]), "data.clips 2 instead of 1"),
        (facts([known[0], replace(known[1], positive=False)]), "data.sha256"),
        (facts([known[0], replace(known[1], events=((1.0, 2.0),))]), "data.sha256"),
        (facts(known, seed=1), "seed 0 instead of 1"),
        (facts(known, view="above"), 'view nothing instead of "above"'),
    ):
        with pytest.raises(OutputError, match=named):
            begin(out, other)
    (out / "facts.json").write_text("[")
    with pytest.raises(DataError, match=r"facts\.json"):
        begin(out, facts(known))


def test_facts_need_not_be_unicode(tmp_path: Path) -> None:
    facts = {"model": {"name": "caf\udce9"}}
    begin(tmp_path, facts)
    begin(tmp_path, facts)
    with pytest.raises(OutputError, match=r"model\.name"):
        begin(tmp_path, {"model": {"name": "cafe"}})


def test_facts_know_another_file_of_the_same_name_but_not_another_folder(
    tmp_path: Path, facts: Callable[..., dict[str, Any]]
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"12345")
    before = facts([Clip(path, True, group=str(path))])
    path.write_bytes(b"123456")
    after = facts([Clip(path, True, group=str(path))])
    assert before["data"]["sha256"] != after["data"]["sha256"]
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (moved / "a.mp4").write_bytes(b"123456")
    package = ModelPackage(SimpleNamespace(name="stub"), tmp_path / "model")  # type: ignore[arg-type]
    there = [Clip(moved / "a.mp4", True, group=str(moved / "a.mp4"))]
    assert stress_facts(package, there, moved, 0) == after


def test_facts_know_scenes_and_places_and_are_the_old_ones_without(
    facts: Callable[..., dict[str, Any]],
) -> None:
    plain, other = clips("a", "b")
    digests = [facts([plain, replace(other, columns={"action": "slip"})])["data"]["sha256"]]
    # of [name, label, events, group, data set, bytes] of both, as JSON
    rows = [["/data/a.mp4", True, [], "a", "", -1], ["/data/b.mp4", True, [], "b", "", -1]]
    assert digests == [hashlib.sha256(json.dumps(rows).encode()).hexdigest()]
    for columns in (("x", "90", ""), ("x", "90", "1"), ("y", "90", "1"), ("y", "45", "1")):
        named = dict(zip(("scene", "camera_azimuth", "camera_rise"), columns, strict=True))
        digests.append(facts([plain, replace(other, columns=named)])["data"]["sha256"])
    assert len(set(digests)) == 5


def test_another_place_is_drawn_of_its_own_clip_and_moment(tmp_path: Path) -> None:
    still = [np.full((48, 64, 3), level, np.uint8) for level in range(0, 100, 5)]
    make_video(tmp_path / "a.mp4", still, rate=10.0)
    make_video(tmp_path / "b.mp4", [255 - image for image in still], rate=10.0)
    a, b = (Clip(tmp_path / f"{name}.mp4", True, ((0.8, 1.2),)) for name in "ab")
    base, place = make_cases(["viewpoint"], places=[Place(90, 0)])
    time, pictures = case_pictures([(a, base), (replace(b, events=((1.3, 1.7),)), place)], 10.0, 48)
    assert time == 1.0
    # level 50 at 1.0 s, 255 - 75 at 1.5 s
    assert [picture.mean() for picture in pictures] == pytest.approx([50, 180], abs=3)


def chosen(known: list[Clip], each: int) -> list[str]:
    return [clip.path.stem for clip in choose_evenly(known, each)]


def test_a_few_clips_are_spread_over_labels_and_groups() -> None:
    known = [
        Clip(Path(f"{group}{k}{'f' if falls else 'o'}.mp4"), falls, group=group)
        for group, count in (("x", 5), ("y", 2), ("z", 1))
        for k in range(count)
        for falls in (True, False)
    ]
    assert chosen(known, 3) == ["x0f", "x0o", "y0f", "y0o", "z0f", "z0o"]
    # the fourth is a second one of a group that has one, the fifth too, then x alone is left
    assert chosen(known, 5) == [
        *("x0f", "x0o", "x1f", "x1o", "y0f", "y0o", "y1f", "y1o"),
        *("z0f", "z0o"),
    ]
    assert chosen(known, 100) == [clip.path.stem for clip in known]
    assert len(chosen(known, 6)) == 12


def test_of_many_groups_some_at_even_distances() -> None:
    known = [Clip(Path(f"{k}.mp4"), True, group=f"g{k}") for k in range(9)]
    assert chosen(known, 3) == ["0", "3", "6"]
    assert chosen([], 3) == []


@given(
    groups=st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=40),
    each=st.integers(1, 12),
)
def test_no_group_gets_two_places_more_than_another_that_has_clips_left(
    groups: list[tuple[bool, int]], each: int
) -> None:
    known = [Clip(Path(f"{k}.mp4"), falls, group=f"g{g}") for k, (falls, g) in enumerate(groups)]
    found = choose_evenly(known, each)
    assert found == [clip for clip in known if clip in found]
    for falls in (True, False):
        there = Counter(clip.group for clip in known if clip.positive == falls)
        taken = Counter(clip.group for clip in found if clip.positive == falls)
        assert taken.total() == min(each, there.total())
        most = max(taken.values(), default=0)
        assert all(taken[name] >= min(count, most - 1) for name, count in there.items())


def test_the_clip_that_is_drawn_shows_a_fall() -> None:
    plain, fall = Clip(Path("a"), False), Clip(Path("b"), True)
    timed = Clip(Path("c"), True, ((1.0, 2.0),))
    assert choose_clip([plain, fall, timed]) is timed
    assert choose_clip([plain, fall]) is fall
    assert choose_clip([plain]) is plain


def test_pictures_are_of_the_moment_of_the_fall(tmp_path: Path) -> None:
    images = [np.full((48, 64, 3), 4 * k, np.uint8) for k in range(50)]
    make_video(tmp_path / "a.mp4", images, rate=25.0)
    clip = Clip(tmp_path / "a.mp4", True, ((0.8, 1.2),))
    cases = make_cases(["dark", "rate", "edges", "turn"], {"rate": [1.5], "dark": [50]})
    time, pictures = case_pictures([(clip, case) for case in cases], 10.0, 48)
    assert time == 1.0
    found = dict(zip([case.key for case in cases], pictures, strict=True))
    assert found["undisturbed"].mean() == pytest.approx(100, abs=3)
    assert found["dark-50"].mean() == pytest.approx(50, abs=3)
    # pictures at 0, 0.68 (k = 17) and 1.36 s are left; to 1.0 s that of 0.68 is the nearest
    assert found["rate-1.5"].mean() == pytest.approx(68, abs=3)
    assert found["edges-30"].shape == (48 - 2 * 14, 64 - 2 * 19, 3)
    assert found["turn-90"].shape == (64, 48, 3)
    stress_sheet(cases, pictures, "a.mp4 at 1.0 s").savefig(tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")
    late, _ = case_pictures([(replace(clip, events=((50.0, 60.0),)), cases[0])], 10.0, 48)
    assert late == pytest.approx(1.9)
    middle, _ = case_pictures([(replace(clip, events=()), cases[0])], 10.0, 48)
    assert middle == pytest.approx(1.0)
