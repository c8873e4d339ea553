"""Names of videos in the field's layout: plain where they can be, their own where they cannot.

In: videos, stores that were made before. Out: the names of their folders; lists that fit them.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from slipdetect.cli.main import cli
from slipdetect.errors import DataError, OutputError
from slipdetect.lab.extract.plan import Rules
from slipdetect.store import VideoStore
from slipdetect.store.manifest import Manifest, manifest_path
from slipdetect.store.names import folder_names, shared_stems, store_key
from store_tools import extract, stamps
from synth import make_video

CLASSES = {"v_Slipping_g01_c01": "slip", "v_NotSlipping_g02_c01": "other"}


@pytest.fixture(scope="module", name="original")
def one_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("naming")
    return make_video(folder / "x.mp4", "walk", count=3, size=(32, 24)).path


def copies(original: Path, folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(original, folder / name)
    return [folder / name for name in names]


def tsn(store: Path, *videos: Path, **rules: bool) -> list[str]:
    record = extract(store, *videos, layout="tsn", rules=Rules(**rules))
    assert record.errors == {}
    return VideoStore(store).keys()


@pytest.mark.parametrize(
    ("names", "shared"),
    [
        (["a.mp4", "b.mp4"], []),
        (["a.mp4", "x/a.mp4", "b.mp4"], ["a"]),
        (["a.mp4", "A.avi"], ["a"]),
        (["a b.mp4", "a_b.mp4"], ["a_b"]),
        (["x.mp4", "x_u.mp4", "x_uu.mp4"], ["x", "x_u"]),
        (["x_u.mp4", "x_v.mp4"], []),
    ],
)
def test_stems_that_would_meet(names: list[str], shared: list[str]) -> None:
    assert sorted(shared_stems(Path(name) for name in names)) == shared


def test_later_videos_of_the_same_name_get_their_own(original: Path, tmp_path: Path) -> None:
    first, second, flow = copies(original, tmp_path, "a/walk.mp4", "b/walk.mp4", "walk_u.mp4")
    store = tmp_path / "store"
    assert tsn(store, first) == ["walk"]
    before = stamps(store)
    assert tsn(store, second) == sorted(["walk", store_key(second)])
    assert tsn(store, flow, first, second) == sorted(["walk", store_key(second), store_key(flow)])
    assert {name: stamps(store)[name] for name in before} == before
    for video, key in ((first, "walk"), (second, store_key(second)), (flow, store_key(flow))):
        found = VideoStore(store).find(video)
        assert found is not None
        assert found.manifest.key == key
        assert found.manifest.path_key == store_key(video)


def test_a_store_of_hashed_names_goes_on_as_it_is(original: Path, tmp_path: Path) -> None:
    """As every store was before names could be plain."""
    (video,) = copies(original, tmp_path, "walk.mp4")
    store, key = tmp_path / "store", store_key(video)
    tsn(store, video)
    for name in folder_names("walk"):
        (store / name).rename(store / name.replace("walk", key))
    plain = manifest_path(store, "walk")
    text = plain.read_text("utf-8").replace(f'"path_key": "{key}",\n', "")
    manifest_path(store, key).write_text(text.replace('walk"', f'{key}"').replace("walk/", f"{key}/").replace("walk_", f"{key}_"))  # fmt: skip  # noqa: E501
    plain.unlink()
    assert Manifest.from_bytes(manifest_path(store, key).read_bytes(), "m").path_key == key
    before = stamps(store)
    assert tsn(store, video, verify=True) == [key]
    assert stamps(store) == before
    found = VideoStore(store).find(video)
    assert found is not None
    assert len(found.frames()) == 3


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_somebody_else_is_not_taken(
    original: Path, tmp_path: Path, overwrite: bool
) -> None:
    (video,) = copies(original, tmp_path, "walk.mp4")
    store = tmp_path / "store"
    (store / "walk").mkdir(parents=True)
    (store / "walk" / "notes.txt").write_text("mine", encoding="utf-8")
    record = extract(store, video, layout="tsn", rules=Rules(overwrite=overwrite))
    assert isinstance(record.errors["walk.mp4"], OutputError)
    assert "belong to no manifest; move it away, or choose another" in str(
        record.errors["walk.mp4"]
    )
    assert (store / "walk" / "notes.txt").read_text("utf-8") == "mine"


def test_json_of_somebody_else_stays(original: Path, tmp_path: Path) -> None:
    (video,) = copies(original, tmp_path, "walk.mp4")
    (tmp_path / "walk.json").write_text("{}", encoding="utf-8")
    for rules in ({"overwrite": True}, {"repair": True}, {}):
        assert tsn(tmp_path, video, **rules) == [store_key(video)]
    assert (tmp_path / "walk.json").read_text("utf-8") == "{}"
    found = VideoStore(tmp_path).find(video)
    assert found is not None


def test_a_damaged_manifest_is_refused_and_repaired(original: Path, tmp_path: Path) -> None:
    (video,) = copies(original, tmp_path, "walk.mp4")
    store = tmp_path / "store"
    tsn(store, video)
    whole = manifest_path(store, "walk").read_bytes()
    manifest_path(store, "walk").write_bytes(whole[:50])
    with pytest.raises(DataError, match=r"walk\.json' cannot be used .*extract --repair"):
        tsn(store, video)
    assert VideoStore(store).keys() == ["walk"]
    assert tsn(store, video, repair=True) == ["walk"]
    assert manifest_path(store, "walk").read_bytes() == whole


@pytest.mark.parametrize("with_store", [False, True])
def test_lists_fit_what_was_extracted(original: Path, tmp_path: Path, with_store: bool) -> None:
    """Every line names folders that are there, with as many pictures as it says."""
    videos = [make_video(tmp_path / f"{name}.mp4", "slip", count=4 + i, size=(32, 24)).path
              for i, name in enumerate([*CLASSES, "my fall (1)"])]  # fmt: skip
    labels = [*CLASSES.values(), "slip"]
    rows = [f"{path.name},{label},train\n" for path, label in zip(videos, labels, strict=True)]
    data = tmp_path / "clips.csv"
    data.write_text("path,label,split\n" + "".join(rows), encoding="utf-8")
    store, lists = tmp_path / "frames", tmp_path / "lists"

    def run(*args: object) -> None:
        result = CliRunner().invoke(cli, list(map(str, args)), catch_exceptions=False)
        assert result.exit_code == 0, result.stderr

    run("extract", *videos, "--out", store, "--layout", "tsn", "--flow", "dis")
    write = ("prepare", "export-lists", data, "--out", lists)
    run(*write, *(["--store", store] if with_store else []))
    for kind, endings in (("rgb", [""]), ("flow", ["_u", "_v"])):
        lines = (lists / f"{kind}_train.txt").read_text("utf-8").splitlines()
        assert len(lines) == 3
        for line in lines:
            name, count, _ = line.split()
            for ending in endings:
                folder = store / (name.split("/")[1] + ending)
                assert len(list(folder.glob("*.jpg"))) == int(count)
