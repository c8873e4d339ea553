"""Runs found, named and put on the same clips before anything is compared.

In: scores files written here. Out: nothing but assertions.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scored import scored
from slipdetect.errors import DataError
from slipdetect.lab.compare.runs import ScoredRun, join_runs, load_run
from slipdetect.lab.evaluate.scores import ClipScores, read_scores, write_scores

TRUTH = [0, 1, 0, 1]
RGB = {"rgb": [1.0, -1.0, 0.5, -0.5]}
FLOW = {"flow": [2.0, -2.0, 1.0, 3.0]}


def _run(
    place: str,
    test: ClipScores,
    backbone: str = "resnet18",
    validation: ClipScores | None = None,
    name: str | None = None,
) -> ScoredRun:
    return ScoredRun(place, name or place, backbone, test, validation)


def _shuffled(scores: ClipScores, order: list[int]) -> ClipScores:
    return replace(
        scores,
        clips=tuple(scores.clips[i] for i in order),
        groups=tuple(scores.groups[i] for i in order),
        truth=scores.truth[order],
        logits={name: x[order] for name, x in scores.logits.items()},
    )


def test_a_folder_has_test_and_validation_scores(tmp_path: Path) -> None:
    folder = tmp_path / "first"
    folder.mkdir()
    facts = {"name": "mine", "backbones": {"rgb": "resnet18"}}
    write_scores(scored(TRUTH, RGB, **facts), folder / "scores-test.npz")
    assert load_run(folder).validation is None
    write_scores(scored(TRUTH, RGB, prefix="val", **facts), folder / "scores-val.npz")
    run = load_run(folder)
    assert (run.name, run.backbone, run.place) == ("mine", "resnet18", str(folder))
    assert run.test.clips[0] == "test/0.mp4"
    assert run.validation is not None
    assert run.validation.clips[0] == "val/0.mp4"
    assert load_run(folder, validation=False).validation is None


def test_a_file_is_named_by_its_model_or_by_itself(tmp_path: Path) -> None:
    write_scores(scored(TRUTH, RGB, model="tsn"), tmp_path / "a.npz")
    write_scores(scored(TRUTH, RGB), tmp_path / "b-test.npz")
    write_scores(scored(TRUTH, RGB, prefix="val"), tmp_path / "b-val.npz")
    assert load_run(tmp_path / "a.npz").name == "tsn"
    run = load_run(tmp_path / "b-test.npz")
    assert (run.name, run.backbone) == ("b", "")
    assert run.validation is not None


def test_damaged_scores_are_a_data_error(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    write_scores(scored(TRUTH * 50, {"rgb": RGB["rgb"] * 50}), path)
    whole = path.read_bytes()
    refused = 0
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            read_scores(path)
        except DataError:
            refused += 1
    assert refused > len(whole) / 6
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="make them with slipdetect evaluate"):
        read_scores(path)


def test_scores_of_older_versions_are_read(tmp_path: Path) -> None:
    path, scores = tmp_path / "a.npz", scored(TRUTH, RGB)
    write_scores(scores, path)
    with np.load(path) as found:
        arrays = dict(found)
    facts = json.loads(bytes(arrays["facts"]))
    old = {**facts, "version": 1, "sources": facts.pop("datasets")}
    del old["datasets"]
    np.savez(path, **{**arrays, "facts": np.frombuffer(json.dumps(old).encode(), np.uint8)})
    assert read_scores(path).datasets == scores.datasets


def test_runs_must_agree_on_groups_whatever_they_are_called() -> None:
    one = scored(TRUTH, RGB, groups=["a", "a", "b", "c"])
    same = scored(TRUTH, FLOW, groups=["x", "x", "y", "z"])
    assert len(join_runs([_run("1", one), _run("2", same)])) == 1
    other = scored(TRUTH, FLOW)
    with pytest.raises(DataError, match=r"'1' and '2' disagree on the groups of 1 test clips"):
        join_runs([_run("1", one), _run("2", other)])


def test_a_folder_without_scores_says_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no scores-test\.npz; make it with slipdetect evaluate"):
        load_run(tmp_path)


def test_streams_of_a_backbone_are_joined_by_clip_name() -> None:
    flow = _shuffled(scored(TRUTH, FLOW), [3, 1, 0, 2])
    (joined,) = join_runs([_run("a", scored(TRUTH, RGB)), _run("b", flow)])
    assert joined.name == "resnet18"
    assert list(joined.test.logits) == ["rgb", "flow"]
    assert joined.test.clips == tuple(f"test/{i}.mp4" for i in range(4))
    # margins are the difference of the two logits
    flows = joined.test.logits["flow"]
    assert (flows[:, 0] - flows[:, 1]).tolist() == FLOW["flow"]


def test_labels_in_another_order_are_turned_round() -> None:
    scores = scored(TRUTH, FLOW)
    turned = replace(
        scores,
        labels=("other", "slip"),
        truth=1 - scores.truth,
        logits={"flow": scores.logits["flow"][:, ::-1].copy()},
    )
    (joined,) = join_runs([_run("a", scored(TRUTH, RGB)), _run("b", turned)])
    assert np.array_equal(joined.test.logits["flow"], scores.logits["flow"])
    assert joined.test.truth.tolist() == TRUTH


def test_two_runs_of_one_stream_stay_apart_and_have_names_of_their_own() -> None:
    one, two = scored(TRUTH, RGB), scored(TRUTH, RGB)
    names = [s.name for s in join_runs([_run("a", one), _run("b", two)])]
    assert names == ["resnet18 a", "resnet18 b"]
    same = [_run("x/a", one, name="same"), _run("x/b", two, name="same")]
    assert [s.name for s in join_runs(same)] == ["resnet18 same (x/a)", "resnet18 same (x/b)"]


def test_runs_of_several_seeds_are_joined_seed_by_seed() -> None:
    runs = [
        _run(f"{stream}{seed}", scored(TRUTH, margins, seed=seed))
        for seed in (0, 1)
        for stream, margins in (("rgb", RGB), ("flow", FLOW))
    ]
    assert [(s.name, list(s.test.logits)) for s in join_runs(runs)] == [
        ("resnet18 seed 0", ["rgb", "flow"]),
        ("resnet18 seed 1", ["rgb", "flow"]),
    ]
    unclear = [*runs, _run("again", scored(TRUTH, RGB, seed=1))]
    assert [s.name for s in join_runs(unclear)] == [
        "resnet18 seed 0",
        "resnet18 rgb1",
        "resnet18 flow1",
        "resnet18 again",
    ]


def test_runs_of_unknown_backbone_are_not_joined() -> None:
    runs = [_run("a", scored(TRUTH, RGB), ""), _run("b", scored(TRUTH, FLOW), "")]
    assert [(s.name, list(s.test.logits)) for s in join_runs(runs)] == [
        ("a", ["rgb"]),
        ("b", ["flow"]),
    ]


def test_a_run_named_twice_is_refused() -> None:
    run = _run("a", scored(TRUTH, RGB))
    with pytest.raises(DataError, match="named twice"):
        join_runs([run, run])


def test_other_clips_are_counted_and_the_way_out_is_said() -> None:
    more = scored([*TRUTH, 0], {"flow": [*FLOW["flow"], 1.0]})
    runs = [_run("a", scored(TRUTH, RGB)), _run("b", more)]
    with pytest.raises(DataError, match=r"1 test clips are in only one of 'a' \(4 clips\)") as e:
        join_runs(runs)
    assert "--common to compare on the 4 that they share" in str(e.value)
    (joined,) = join_runs(runs, common=True)
    assert len(joined.test.clips) == 4


def test_no_clip_in_common_is_an_error() -> None:
    runs = [_run("a", scored(TRUTH, RGB)), _run("b", scored(TRUTH, FLOW, prefix="else"))]
    with pytest.raises(DataError, match="no test clip in common"):
        join_runs(runs, common=True)


def test_another_truth_is_an_error() -> None:
    runs = [_run("a", scored(TRUTH, RGB)), _run("b", scored([0, 1, 1, 1], FLOW))]
    with pytest.raises(DataError, match=r"label of 1 test clips, such as 'test/2\.mp4'"):
        join_runs(runs)


def test_other_labels_are_an_error() -> None:
    other = replace(scored(TRUTH, FLOW), labels=("slip", "walk"))
    with pytest.raises(DataError, match="has the labels slip, walk, not slip, other"):
        join_runs([_run("a", scored(TRUTH, RGB)), _run("b", other)])


def test_validation_clips_that_also_test_are_refused() -> None:
    scores = scored(TRUTH, RGB)
    with pytest.raises(DataError, match="4 clips in validation and in test"):
        join_runs([_run("a", scores, validation=scores)])


def test_other_validation_clips_are_an_error_too() -> None:
    runs = [
        _run("a", scored(TRUTH, RGB), validation=scored(TRUTH, RGB, prefix="val")),
        _run("b", scored(TRUTH, FLOW), validation=scored([0, 1], {"flow": [1, 1]}, prefix="val")),
    ]
    with pytest.raises(DataError, match="2 validation clips are in only one"):
        join_runs(runs)


def test_a_set_has_validation_scores_only_if_all_its_streams_have() -> None:
    validation = scored(TRUTH, RGB, prefix="val")
    runs = [
        _run("a", scored(TRUTH, RGB), validation=validation),
        _run("b", scored(TRUTH, FLOW)),
        _run("c", scored(TRUTH, RGB), "vgg16", validation=validation),
    ]
    first, second = join_runs(runs)
    assert first.validation is None
    assert second.validation is not None


def test_protocols_are_kept() -> None:
    runs = [
        _run("a", scored(TRUTH, RGB, protocol="25x1")),
        _run("b", scored(TRUTH, FLOW, protocol="25x10")),
    ]
    assert join_runs(runs)[0].protocols == ("25x1", "25x10")
