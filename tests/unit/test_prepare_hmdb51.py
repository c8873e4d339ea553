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
from slipdetect.errors import DataError, OutputError, UsageError
from slipdetect.lab.data import read_annotations
from slipdetect.lab.prepare import rar as unrar
from slipdetect.lab.prepare.hmdb51 import (
    MISSING,
    UNLISTED,
    UNUSED,
    USUAL_POSITIVE,
    film_of,
    prepare_hmdb51,
)
from slipdetect.lab.prepare.hmdb51_folder import Hmdb51Folder
from slipdetect.lab.prepare.mapping import ClassMapping
from slipdetect.lab.prepare.rows import Prepared, straddling
from slipdetect.lab.prepare.write import write_rows

USUAL = ClassMapping(usual=USUAL_POSITIVE)
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


def prepare(folder: Path, mapping: ClassMapping = USUAL, split: int = 1) -> Prepared:
    return prepare_hmdb51(Hmdb51Folder(folder / "hmdb"), folder / "splits", split, mapping)


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
    source = Hmdb51Folder(clips / "hmdb51")
    prepared = prepare_hmdb51(source, clips / "hmdb51" / "splits", split, USUAL)
    found = {row.path.relative_to(clips).as_posix(): (row.split, row.label)
             for row in prepared.rows}  # fmt: skip
    assert found == expected
    assert Counter(found.values()) == pinned
    assert {name: len(names) for name, names in prepared.left_out.reasons().items()} == {
        UNUSED: unused
    }
    out = tmp_path / "clips.csv"
    write_rows(prepared.rows, out, clips)
    read = read_annotations(out, clips)
    assert Counter((clip.split, clip.positive) for clip in read) == {
        (side, label == "slip"): count for (side, label), count in pinned.items()
    }


@pytest.mark.clips
def test_films_on_both_sides_of_the_real_splits(clips: Path) -> None:
    """The figures of docs/data.md: official splits keep films apart inside a class only."""
    figures = {}
    for split in (1, 2, 3):
        source = Hmdb51Folder(clips / "hmdb51")
        rows = prepare_hmdb51(source, clips / "hmdb51" / "splits", split, USUAL).rows
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
    prepared = prepare(folder, ClassMapping(negative=("walk",), usual=USUAL_POSITIVE))
    assert Counter(row.label for row in prepared.rows) == {"slip": 2, "other": 1}
    prepared = prepare(folder, ClassMapping(pairs=(("walk", "skip"),), usual=USUAL_POSITIVE))
    assert {row.action for row in prepared.rows} == {"fall_floor"}
    assert prepared.left_out.reasons()["class left out by the mapping"] == ["walk"]


def test_split_files_one_folder_deeper_and_of_absent_classes(folder: Path) -> None:
    write_split(folder, "wave", {"wave/x.avi": "1"})
    (folder / "packed").mkdir()
    (folder / "splits").rename(folder / "packed" / "testTrainMulti_7030_splits")
    prepared = prepare_hmdb51(Hmdb51Folder(folder / "hmdb"), folder / "packed", 1, USUAL)
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
        prepare_hmdb51(Hmdb51Folder(folder / "hmdb"), folder / "none", 1, USUAL)
    with pytest.raises(DataError, match="neither class folders of clips nor CLASS"):
        prepare_hmdb51(Hmdb51Folder(folder / "splits"), folder / "splits", 1, USUAL)
    with pytest.raises(DataError, match="cannot read the folder"):
        Hmdb51Folder(tmp_path / "none")


def stand_in(folder: Path, name: str, body: str) -> None:
    """Put a program written in Python on the PATH."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!{sys.executable}\nimport sys, pathlib, zipfile\n{body}")
    program.chmod(0o755)


UNZIP = """
archive = next(a for a in sys.argv if a.endswith(".rar"))
with zipfile.ZipFile(archive) as zipped:
    if sys.argv[1] == "lb":
        print("\\n".join(zipped.namelist()))
    else:
        last = sys.argv[-1]
        zipped.extractall(sys.argv[-2] if last == archive else last)
"""


def pack(path: Path, files: dict[str, bytes]) -> None:
    """Write what the stand-in for unrar takes for a .rar."""
    import zipfile

    with zipfile.ZipFile(path, "w") as zipped:
        for name, data in files.items():
            zipped.writestr(name, data)


@pytest.fixture
def archives(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``hmdb51_org.rar`` that holds a .rar a class, and a program that unpacks it."""
    stand_in(folder / "bin", "unrar", UNZIP)
    monkeypatch.setenv("PATH", str(folder / "bin"))
    inner = {}
    for action in ("fall_floor", "walk"):
        files = {f"{action}/{p.name}": b"x" for p in (folder / "hmdb" / action).iterdir()}
        pack(folder / "inner.rar", files)
        inner[f"{action}.rar"] = (folder / "inner.rar").read_bytes()
    shutil.rmtree(folder / "hmdb")
    (folder / "hmdb").mkdir()
    pack(folder / "hmdb" / "hmdb51_org.rar", inner)
    return folder


def test_the_archive_of_archives(archives: Path) -> None:
    with pytest.raises(UsageError, match="--work"):
        Hmdb51Folder(archives / "hmdb")
    work = archives / "work"
    prepared = prepare_hmdb51(
        Hmdb51Folder(archives / "hmdb", work), archives / "splits", 1,
        ClassMapping(pairs=(("walk", "skip"),), usual=USUAL_POSITIVE),
    )  # fmt: skip
    name = FALL.format(0)
    assert prepared.rows[0].path == work / "fall_floor" / name
    assert sorted(path.name for path in work.iterdir()) == ["fall_floor", "hmdb51_org"]
    # what is unpacked is not unpacked again
    (archives / "bin" / "unrar").unlink()
    again = prepare_hmdb51(
        Hmdb51Folder(archives / "hmdb", work), archives / "splits", 1,
        ClassMapping(pairs=(("walk", "skip"),), usual=USUAL_POSITIVE),
    )  # fmt: skip
    assert again.rows == prepared.rows


def test_archives_may_be_unpacked_where_they_lie(archives: Path) -> None:
    """A run that left out a class does not hide it from the next one."""
    folder = archives / "hmdb"
    only_falls = ClassMapping(pairs=(("walk", "skip"),), usual=USUAL_POSITIVE)
    first = prepare_hmdb51(Hmdb51Folder(folder, folder), archives / "splits", 1, only_falls)
    assert {row.action for row in first.rows} == {"fall_floor"}
    told: list[str] = []
    source = Hmdb51Folder(folder, folder, lambda archive: told.append(archive.name))
    second = prepare_hmdb51(source, archives / "splits", 1, USUAL)
    assert {row.action for row in second.rows} == {"fall_floor", "walk"}
    assert told == ["walk.rar"]


def test_archives_of_single_classes(archives: Path) -> None:
    unrar.unpack_rar(archives / "hmdb" / "hmdb51_org.rar", archives / "single")
    source = Hmdb51Folder(archives / "single", archives / "work")
    assert source.names == ["fall_floor", "walk"]
    assert len(prepare_hmdb51(source, archives / "splits", 1, USUAL).rows) == 3
    assert [p for p in (archives / "work").iterdir() if p.name.startswith(".")] == []


def test_without_a_program_it_is_said_which_to_install(
    archives: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(archives / "nothing"))
    with pytest.raises(DataError, match=r"install unrar, bsdtar .*7z with RAR support or unar"):
        Hmdb51Folder(archives / "hmdb", archives / "work")


def test_another_program_is_tried_and_all_troubles_are_told(archives: Path) -> None:
    archive = archives / "hmdb" / "hmdb51_org.rar"
    body = "print('no RAR here', file=sys.stderr); sys.exit(2)"
    stand_in(archives / "bin", "bsdtar", body)
    (archives / "bin" / "unrar").unlink()
    with pytest.raises(DataError, match=r"cannot be unpacked \(bsdtar: no RAR here\)"):
        unrar.unpack_rar(archive, archives / "x")
    stand_in(archives / "bin", "7z", "sys.exit(2)")
    with pytest.raises(DataError, match=r"\(bsdtar: no RAR here; 7z: exit code 2\)"):
        unrar.unpack_rar(archive, archives / "x")
    stand_in(archives / "bin", "unrar", UNZIP)
    (archives / "bin" / "unrar").rename(archives / "bin" / "unar")
    unrar.unpack_rar(archive, archives / "x")
    assert (archives / "x" / "walk.rar").is_file()


UNSAFE = {
    "../x.avi": "leads out of its folder",
    "/x.avi": "leads out of its folder",
    "C:\\x.avi": "leads out of its folder",
    "a\\..\\..\\x.avi": "leads out of its folder",
}


@pytest.mark.parametrize("name", UNSAFE)
def test_names_that_lead_out_are_refused_before_unpacking(archives: Path, name: str) -> None:
    body = f"print({name!r}) if sys.argv[1] == 'lb' else pathlib.Path('touched').touch()"
    stand_in(archives / "bin", "unrar", body)
    with pytest.raises(DataError, match="leads out of its folder"):
        unrar.unpack_rar(archives / "hmdb" / "hmdb51_org.rar", archives / "x")
    assert not (archives / "x").exists()
    assert not Path("touched").exists()


def test_links_in_archives_are_refused(archives: Path) -> None:
    body = "sys.argv[1] == 'lb' or (pathlib.Path(sys.argv[-1]) / 'l').symlink_to('/etc')"
    stand_in(archives / "bin", "unrar", body)
    with pytest.raises(DataError, match="'l', which is a link or device"):
        unrar.unpack_rar(archives / "hmdb" / "hmdb51_org.rar", archives / "x")
    stand_in(archives / "bin", "unrar", "")
    with pytest.raises(DataError, match="holds no files"):
        unrar.unpack_rar(archives / "hmdb" / "hmdb51_org.rar", archives / "x")
    assert not (archives / "x").exists()
    with pytest.raises(OutputError, match="cannot write"):
        unrar.unpack_rar(archives / "hmdb" / "hmdb51_org.rar", archives / "none" / "x")


@pytest.mark.parametrize("program", list(unrar.PROGRAMS))
def test_real_programs_unpack_a_real_rar(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / program).symlink_to(path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "a.rar").write_bytes(rar({"walk/a.avi": b"a" * 1000, "walk/b.avi": b"b"}))
    try:
        unrar.unpack_rar(tmp_path / "a.rar", tmp_path / "out")
    except DataError as error:
        if "open the file as archive" in str(error):
            pytest.skip(f"{program} is built without RAR support")
        raise
    assert (tmp_path / "out" / "walk" / "a.avi").read_bytes() == b"a" * 1000
    (tmp_path / "evil.rar").write_bytes(rar({"../evil.avi": b"x", "ok.avi": b"x"}))
    if program == "unar":  # it cleans names by itself
        unrar.unpack_rar(tmp_path / "evil.rar", tmp_path / "evil")
        shutil.rmtree(tmp_path / "evil")
    else:
        with pytest.raises(DataError, match="leads out"):
            unrar.unpack_rar(tmp_path / "evil.rar", tmp_path / "evil")
    assert list(tmp_path.rglob("*evil.avi")) == []
    (tmp_path / "cut.rar").write_bytes((tmp_path / "a.rar").read_bytes()[:-900])
    with pytest.raises(DataError, match="cannot be unpacked"):
        unrar.unpack_rar(tmp_path / "cut.rar", tmp_path / "cut")
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_dir()) == ["bin", "out"]
