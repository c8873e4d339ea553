"""Recipes, names and manifests: what differs is named, what is written reads back.

In: recipes, paths and manifests by hand. Out: nothing but assertions.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipdetect.errors import DataError, UsageError
from slipdetect.flow.recipe import recipe_differences
from slipdetect.lab.extract.journal import journal_path, open_journal
from slipdetect.store import ExtractionRecipe
from slipdetect.store.manifest import Manifest, Shard
from slipdetect.store.names import KEY_PATTERN, store_key
from slipdetect.store.source import SourceIdentity

FLOW = {
    "method": "tvl1",
    "bound": 15.0,
    "parameters": {"nscales": 5, "tau": 0.25, "use_initial_flow": False},
    "opencv": "5.0.0",
}


def changed(**changes: object) -> dict[str, object]:
    return {**FLOW, **changes}


@pytest.mark.parametrize(
    ("have", "texts"),
    [
        (FLOW, []),
        (changed(bound=20), ["bound 20 instead of 15"]),
        (changed(bound=15), []),
        (changed(opencv="5.9.1"), []),
        (changed(opencv="4.14.0"), ["opencv 4 instead of 5"]),
        (
            changed(parameters={**FLOW["parameters"], "tau": 0.1, "nscales": 3}),
            ["nscales 3 instead of 5", "tau 0.1 instead of 0.25"],
        ),
        (changed(parameters={"nscales": 5, "tau": 0.25}), ["use_initial_flow none instead of Fal"]),
        (
            changed(parameters={**FLOW["parameters"], "use_initial_flow": 0}),
            ["use_initial_flow 0 instead of False"],
        ),
        (changed(method="dis", parameters={"preset": "fast"}), ["method dis instead of tvl1"]),
        (
            changed(method="dis", bound=20.5),
            ["method dis instead of tvl1", "bound 20.5 instead of 15"],
        ),
    ],
)
def test_flow_recipes_differ_by_key(have: dict[str, object], texts: list[str]) -> None:
    found = recipe_differences(have, FLOW)
    assert len(found) == len(texts)
    assert all(text.startswith(start) for text, start in zip(found, texts, strict=True))


def test_an_extraction_recipe_reads_back_and_names_every_difference() -> None:
    recipe = ExtractionRecipe("tsn", 10.0, "course2020", True, FLOW, 250, {"opencv": "5.0.0"})
    text = json.dumps(recipe.to_json())
    assert json.loads(text)["jpeg_quality"] == 95
    again = ExtractionRecipe.from_json(json.loads(text))
    assert again == recipe
    assert again.differences(recipe) == []
    other = replace(recipe, sample_fps=None, max_frames=None, flow=None, size="native")
    assert other.differences(recipe) == [
        "sample_fps none instead of 10",
        "size native instead of course2020",
        "max_frames none instead of 250",
        "flow none instead of tvl1",
    ]
    newer = replace(recipe, versions={"opencv": "6.0.0"})
    assert newer.differences(recipe) == ["opencv 6 instead of 5"]


@pytest.mark.parametrize(
    "settings",
    [{"layout": "zip"}, {"sample_fps": 0.0}, {"sample_fps": float("nan")}, {"max_frames": 0}],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        ExtractionRecipe(**settings)
    with pytest.raises(UsageError, match="neither frames nor flow"):
        ExtractionRecipe(rgb=False, flow=None)


@settings(max_examples=60)
@given(st.text(min_size=1, max_size=150))
def test_keys_are_safe_names(text: str) -> None:
    name = text.replace("/", "|").replace("\0", "|")
    if name in (".", ".."):
        return
    key = store_key(Path("/data") / name)
    assert KEY_PATTERN.fullmatch(key)
    assert len(key.encode()) <= 120
    assert all(char.isalnum() or char in "._-" for char in key)
    assert key[0] not in ".-"


def test_keys_tell_paths_apart_and_move_with_their_root(tmp_path: Path) -> None:
    paths = [Path(name) for name in ("a/x.mp4", "b/x.mp4", "a/x.avi", "a/X.mp4", "a/x.y.mp4")]
    assert len({store_key(tmp_path / path) for path in paths}) == len(paths)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    roots = [tmp_path / "one", tmp_path / "two"]
    assert len({store_key(root / "x.mp4", root) for root in roots}) == 1
    assert len({store_key(root / "x.mp4") for root in roots}) == 2
    (tmp_path / "link.mp4").symlink_to(tmp_path / "one" / "x.mp4")
    digits = [store_key(tmp_path / name)[-8:] for name in ("link.mp4", "one/x.mp4")]
    assert digits[0] == digits[1]


def manifest() -> Manifest:
    shards = (
        Shard(0, 0, 2, 2, {"x-00000000/rgb_000000.npz": (3, "ab")}),
        Shard(1, 2, 1, 0, {"x-00000000/rgb_000001.npz": (4, "cd")}),
    )
    return Manifest(
        path_key="x-00000000",
        key="x-00000000",
        source=SourceIdentity("x.mp4", 10, 5, "ef"),
        recipe=ExtractionRecipe(flow=FLOW),
        frames=3,
        flows=2,
        width=4,
        height=2,
        decoding={"frames": 3, "failures": 0, "truncated": False, "warnings": []},
        times=(0.0, 0.1, 1 / 3),
        shards=shards,
    )


def test_a_manifest_reads_back() -> None:
    data = manifest().to_bytes()
    assert Manifest.from_bytes(data, "m") == manifest()
    assert data == Manifest.from_bytes(data, "m").to_bytes()
    assert b'"flows": 2' in data
    older = data.replace(b'"frames":', b'"request": "0123",\n"frames":', 1)
    assert Manifest.from_bytes(older, "m") == manifest()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"frames": 3', b'"frames": 4'),
        (b'"flows": 2', b'"flows": 3'),
        (b"[0.0,0.1,", b"[0.0,"),
        (b"x-00000000/rgb_000000.npz", b"../../etc/passwd.npz"),
        (b"x-00000000/rgb_000000.npz", b"/etc/passwd"),
        (b"x-00000000/rgb_000000.npz", b"y-00000000/rgb_000000.npz"),
        (b'"version": 1', b'"version": 2'),
        (b'"format": "slip', b'"format": "trip'),
        (b'"index":1', b'"index":2'),
        (b'"width": 4', b'"width": -4'),
        (b'"recipe"', b'"reciper"'),
        (b"}\n", b""),
    ],
)
def test_a_manifest_that_was_tampered_with_is_refused(old: bytes, new: bytes) -> None:
    data = manifest().to_bytes()
    assert old in data
    with pytest.raises(DataError, match=r"manifest 'm' cannot be used \(.*--repair") as caught:
        Manifest.from_bytes(data.replace(old, new), "m")
    assert "\n" not in str(caught.value)


def test_a_journal_survives_a_torn_last_line(tmp_path: Path) -> None:
    shards = manifest().shards
    with open_journal(tmp_path, "x-00000000") as journal:
        journal.start({"source": 1})
        for shard in shards:
            journal.add(shard)
    path = journal_path(tmp_path, "x-00000000")
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        lines = whole[:cut].count(b"\n")
        with open_journal(tmp_path, "x-00000000") as journal:
            assert journal.header == ({"source": 1} if lines else {})
            assert list(journal.shards) == list(range(max(lines - 1, 0)))
    path.write_bytes(whole[:-5])
    with open_journal(tmp_path, "x-00000000") as journal:
        journal.add(shards[1])
    assert path.read_bytes() == whole
