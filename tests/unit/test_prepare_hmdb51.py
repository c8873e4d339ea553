"""HMDB51 by its official splits, counted again in plain loops; its archives; bad split files.

In: the real clips where they are, else empty files. Out: rows.
"""

from __future__ import annotations

import csv
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

from prepare_files import rar, touch
from slipdetect.errors import DataError, LibraryError, OutputError, UsageError
from slipdetect.lab.data import read_annotations
from slipdetect.lab.prepare.hmdb51 import (
    MISSING,
    UNLISTED,
    UNUSED,
    Hmdb51,
    film_of,
    unpack_rar,
)
from slipdetect.lab.prepare.importer import ImportJob
from slipdetect.lab.prepare.mapping import ClassMapping
from slipdetect.lab.prepare.rows import Prepared, straddling, write_rows

USUAL = ClassMapping(usual=Hmdb51.slip_classes)
FALL = "fall_floor/Film_1_fall_floor_f_cm_np1_fr_med_{}.avi"
WALK = "walk/Film_2_walk_l_nm_np2_ba_goo_{}.avi"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three falls and two walks of one film; one clip is missing and one not listed."""
    touch(tmp_path / "hmdb", *map(FALL.format, (0, 1, 2)), *map(WALK.format, (0, 7)))
    write_split(tmp_path, "fall_floor", {FALL.format(i): use for i, use in enumerate("120")})
    write_split(tmp_path, "walk", {WALK.format(0): "1", WALK.format(5): "2"})
    return tmp_path


def write_split(folder: Path, name: str, uses: dict[str, str], split: int = 1) -> None:
    """Write a split file as HMDB51's are: a space ends each line."""
    text = "".join(f"{path.rpartition('/')[2]} {use} \n" for path, use in uses.items())
    (folder / "splits").mkdir(exist_ok=True)
    (folder / "splits" / f"{name}_test_split{split}.txt").write_text(text)


def read(
    source: Path,
    splits: Path,
    classes: ClassMapping = USUAL,
    *,
    split: int = 1,
    work: Path | None = None,
    told: list[str] | None = None,
) -> Prepared:
    importer = Hmdb51(splits=splits, split=str(split), work=work)
    note = print if told is None else told.append
    return importer.read(source, ImportJob(classes=classes, note=note))


def prepare(folder: Path, classes: ClassMapping = USUAL, split: int = 1) -> Prepared:
    return read(folder / "hmdb", folder / "splits", classes, split=split)


def test_rows_of_an_official_split(folder: Path) -> None:
    prepared = prepare(folder)
    found = [(row.path.name, row.label, row.split, row.action) for row in prepared.rows]
    assert found == [
        ("Film_1_fall_floor_f_cm_np1_fr_med_0.avi", "slip", "train", "fall_floor"),
        ("Film_1_fall_floor_f_cm_np1_fr_med_1.avi", "slip", "test", "fall_floor"),
        ("Film_2_walk_l_nm_np2_ba_goo_0.avi", "other", "train", "walk"),
    ]
    assert {row.group for row in prepared.rows} == {"hmdb51-film"}
    assert {row.dataset for row in prepared.rows} == {"hmdb51"}
    tags = {"body": "l", "camera": "nm", "people": "2", "view": "ba", "quality": "goo"}
    assert prepared.rows[2].more == tags
    assert prepared.left_out.reasons() == {
        UNUSED: [FALL.format(2)],
        MISSING: [WALK.format(5)],
        UNLISTED: [WALK.format(7)],
    }
    assert straddling(prepared.rows) == {"hmdb51-film": ["train", "test"]}


@pytest.mark.clips
@pytest.mark.parametrize(
    ("split", "pinned"),
    [
        (1, {("train", "slip"): 70, ("test", "slip"): 30, ("train", "other"): 204,
             ("test", "other"): 71}),
        (2, {("train", "slip"): 70, ("test", "slip"): 30, ("train", "other"): 195,
             ("test", "other"): 87}),
        (3, {("train", "slip"): 70, ("test", "slip"): 30, ("train", "other"): 190,
             ("test", "other"): 80}),
    ],
)  # fmt: skip
def test_S01_the_official_splits_of_the_real_clips(
    clips: Path, tmp_path: Path, split: int, pinned: dict[tuple[str, str], int]
) -> None:
    """Counted again from the split files and clips.csv alone."""
    labels = {}
    with (clips / "clips.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            if row["dataset"] == "hmdb51":
                labels[row["path"]] = "slip" if row["label"] == "fall" else "other"
    expected: dict[str, tuple[str, str]] = {}
    unused = 0
    for file in (clips / "hmdb51" / "splits").iterdir():
        if file.name.endswith(f"_test_split{split}.txt"):
            action = file.name[: -len("_test_split1.txt")]
            for line in file.read_text().splitlines():
                name, use = line.split()
                path = f"hmdb51/{action}/{name}"
                if use == "0":
                    unused += 1
                elif path in labels:
                    expected[path] = ("train" if use == "1" else "test", labels[path])
    prepared = read(clips / "hmdb51", clips / "hmdb51" / "splits", split=split)
    found = {row.path.relative_to(clips).as_posix(): (row.split, row.label)
             for row in prepared.rows}  # fmt: skip
    assert found == expected
    assert Counter(found.values()) == pinned
    assert {name: len(names) for name, names in prepared.left_out.reasons().items()} == {
        UNUSED: unused
    }
    out = tmp_path / "clips.csv"
    write_rows(prepared.rows, out, clips)
    back = read_annotations(out, clips)
    assert Counter((clip.split, clip.positive) for clip in back) == {
        (side, label == "slip"): count for (side, label), count in pinned.items()
    }


@pytest.mark.clips
def test_films_on_both_sides_of_the_real_splits(clips: Path) -> None:
    """The figures of docs/data.md: official splits keep films apart inside a class only."""
    figures = {}
    for split in (1, 2, 3):
        rows = read(clips / "hmdb51", clips / "hmdb51" / "splits", split=split).rows
        shared = straddling(rows)
        test = [row for row in rows if row.split == "test" and row.unit in shared]
        falls = sum(row.label == "slip" for row in test)
        figures[split] = (len({row.unit for row in rows}), len(shared), len(test), falls)
    assert figures == {1: (161, 19, 38, 22), 2: (167, 20, 48, 29), 3: (164, 18, 40, 25)}


@pytest.mark.parametrize(
    ("name", "action", "film"),
    [
        ("Fellowship_3_fall_floor_f_nm_np1_fr_med_3.avi", "fall_floor", "fellowship"),
        ("CastAway1_fall_floor_u_nm_np1_fr_med_11.avi", "fall_floor", "castaway"),
        ("Oceans11_walk_f_nm_np1_fr_med_11.avi", "walk", "oceans11"),
        ("Hitch_Part_2_walk_f_nm_np1_fr_med_11.avi", "walk", "hitch"),
        ("21_walk_f_nm_np1_fr_med_11.avi", "walk", "21"),
        ("Collins_getting_hit_on_the_head_hit_f_cm_np1_le_bad_2.avi", "hit",
         "collins_getting_hit_on_the_head"),
        ("somebody walks.avi", "walk", "somebody walks"),
    ],
)  # fmt: skip
def test_films_of_names(name: str, action: str, film: str) -> None:
    assert film_of(name, action) == film


def test_the_course_reports_negatives(folder: Path) -> None:
    prepared = prepare(folder, ClassMapping(negative=("walk",), usual=Hmdb51.slip_classes))
    assert Counter(row.label for row in prepared.rows) == {"slip": 2, "other": 1}
    prepared = prepare(folder, ClassMapping(pairs=(("walk", "skip"),), usual=Hmdb51.slip_classes))
    assert {row.action for row in prepared.rows} == {"fall_floor"}
    assert prepared.left_out.reasons()["class left out by the mapping"] == ["walk"]


def test_split_files_one_folder_deeper_and_of_absent_classes(folder: Path) -> None:
    write_split(folder, "wave", {"wave/x.avi": "1"})
    (folder / "packed").mkdir()
    (folder / "splits").rename(folder / "packed" / "testTrainMulti_7030_splits")
    prepared = read(folder / "hmdb", folder / "packed")
    assert len(prepared.rows) == 3
    reasons = prepared.left_out.reasons()
    assert reasons["class of the split files without a folder"] == ["wave"]


def test_a_class_folder_may_be_a_link(folder: Path) -> None:
    (folder / "hmdb" / "walk").rename(folder / "elsewhere")
    (folder / "hmdb" / "walk").symlink_to(folder / "elsewhere")
    rows = prepare(folder).rows
    assert rows[2].path == folder / "hmdb" / WALK.format(0)
    with pytest.raises(DataError, match="--root"):
        write_rows(rows, folder / "hmdb" / "clips.csv")
    write_rows(rows, folder / "clips.csv")
    assert len(read_annotations(folder / "clips.csv")) == 3


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a.avi 3", "line 2: 'a.avi 3' is not NAME and 0"),
        ("a.avi", "line 2: 'a.avi' is not NAME and 0"),
        ("../../etc/x 1", "line 2: '../../etc/x' leads out"),
        ("sub/a.avi 1", "line 2: 'sub/a.avi' is a path"),
        (f"{WALK.format(0).rpartition('/')[2]} 2", "line 2: .* has another use further up"),
    ],
)
def test_bad_lines_of_split_files(folder: Path, line: str, words: str) -> None:
    name = WALK.format(0).rpartition("/")[2]
    (folder / "splits" / "walk_test_split1.txt").write_text(f"{name} 1 \n{line}\n")
    with pytest.raises(DataError, match=words):
        prepare(folder)


def test_missing_files_and_folders(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no CLASS_test_split2\.txt"):
        prepare(folder, split=2)
    (folder / "splits" / "walk_test_split1.txt").unlink()
    with pytest.raises(DataError, match=r"no walk_test_split1\.txt.*--map walk=skip"):
        prepare(folder)
    with pytest.raises(DataError, match="cannot read the folder of split files"):
        read(folder / "hmdb", folder / "none")
    with pytest.raises(DataError, match="neither class folders of clips nor CLASS"):
        read(folder / "splits", folder / "splits")
    with pytest.raises(DataError, match="cannot read the folder"):
        read(tmp_path / "none", folder / "splits")


@pytest.fixture
def archives(folder: Path) -> Path:
    """``hmdb51_org.rar`` that holds a .rar a class."""
    pytest.importorskip("rarfile")
    inner = {}
    for action in ("fall_floor", "walk"):
        files = {f"{action}/{p.name}": b"x" for p in (folder / "hmdb" / action).iterdir()}
        inner[f"{action}.rar"] = rar(files)
    shutil.rmtree(folder / "hmdb")
    (folder / "hmdb").mkdir()
    (folder / "hmdb" / "hmdb51_org.rar").write_bytes(rar(inner))
    return folder


ONLY_FALLS = ClassMapping(pairs=(("walk", "skip"),), usual=Hmdb51.slip_classes)


def test_the_archive_of_archives(archives: Path) -> None:
    hmdb, splits, work = archives / "hmdb", archives / "splits", archives / "work"
    with pytest.raises(UsageError, match="--work"):
        read(hmdb, splits)
    prepared = read(hmdb, splits, ONLY_FALLS, work=work)
    assert prepared.rows[0].path == work / "fall_floor" / FALL.format(0)
    assert sorted(path.name for path in work.iterdir()) == ["fall_floor", "hmdb51_org"]
    # what is unpacked is not unpacked again
    told: list[str] = []
    assert read(hmdb, splits, ONLY_FALLS, work=work, told=told).rows == prepared.rows
    assert told == []


def test_archives_may_be_unpacked_where_they_lie(archives: Path) -> None:
    """A run that left out a class does not hide it from the next one."""
    folder = archives / "hmdb"
    first = read(folder, archives / "splits", ONLY_FALLS, work=folder)
    assert {row.action for row in first.rows} == {"fall_floor"}
    told: list[str] = []
    second = read(folder, archives / "splits", work=folder, told=told)
    assert {row.action for row in second.rows} == {"fall_floor", "walk"}
    assert told == ["unpacking walk.rar"]


def test_archives_of_single_classes_and_of_split_files(archives: Path) -> None:
    unpack_rar(archives / "hmdb" / "hmdb51_org.rar", archives / "single")
    lists = {f"splits/{path.name}": path.read_bytes() for path in (archives / "splits").iterdir()}
    (archives / "test_train_splits.rar").write_bytes(rar(lists))
    packed = archives / "test_train_splits.rar"
    assert len(read(archives / "single", packed, work=archives / "work").rows) == 3
    assert [p for p in (archives / "work").iterdir() if p.name.startswith(".")] == []


def test_an_archive_that_is_not_there_is_named(archives: Path) -> None:
    gone = archives / "gone.rar"
    with pytest.raises(DataError, match=r"gone\.rar' was not found"):
        read(archives / "hmdb", gone, work=archives / "work")


def test_packed_members_without_a_program_say_which_to_install(
    archives: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import rarfile

    monkeypatch.setenv("PATH", str(archives / "nothing"))
    # what rarfile found on an earlier PATH is forgotten
    monkeypatch.setattr(rarfile, "CURRENT_SETUP", None)
    packed = rar({"walk/a.avi": b"a" * 1000}, method=0x33)
    (archives / "packed.rar").write_bytes(packed)
    with pytest.raises(DataError, match=r"install unrar, unar, 7z or bsdtar .*libarchive-tools"):
        unpack_rar(archives / "packed.rar", archives / "x")
    assert not (archives / "x").exists()


def test_without_the_package_it_is_said_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rarfile", None)
    with pytest.raises(LibraryError, match=r"needs rarfile.*pip install 'slipdetect\[lab\]'"):
        unpack_rar(tmp_path / "a.rar", tmp_path / "x")


@pytest.mark.parametrize("name", ["../x.avi", "/x.avi", "C:/x.avi", "a/../../x.avi"])
def test_names_that_lead_out_are_refused_before_unpacking(tmp_path: Path, name: str) -> None:
    pytest.importorskip("rarfile")
    (tmp_path / "evil.rar").write_bytes(rar({"ok.avi": b"x", name: b"x"}))
    with pytest.raises(DataError, match="leads out of its folder"):
        unpack_rar(tmp_path / "evil.rar", tmp_path / "sub")
    assert [path.name for path in tmp_path.rglob("*")] == ["evil.rar"]


def test_what_else_is_refused_leaves_nothing(tmp_path: Path) -> None:
    pytest.importorskip("rarfile")
    good = rar({"walk/a.avi": b"a" * 1000, "walk/b.avi": b"b"})
    bad = {
        "is a link or device": rar({"l": b"/etc"}, mode=0o120777),
        "holds no files": rar({}),
        "cannot be unpacked": good[:-900],
        "cannot be unpacked: ": b"no archive at all",
    }
    for words, data in bad.items():
        (tmp_path / "a.rar").write_bytes(data)
        with pytest.raises(DataError, match=words):
            unpack_rar(tmp_path / "a.rar", tmp_path / "x")
        assert [path.name for path in tmp_path.iterdir()] == ["a.rar"]
    (tmp_path / "a.rar").write_bytes(good)
    with pytest.raises(OutputError, match="cannot write"):
        unpack_rar(tmp_path / "a.rar", tmp_path / "none" / "x")
    unpack_rar(tmp_path / "a.rar", tmp_path / "x")
    assert (tmp_path / "x" / "walk" / "a.avi").read_bytes() == b"a" * 1000
