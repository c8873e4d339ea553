"""The 2020 course report's lists, read and written: both generations, round trips, contradictions.

In: lists and folders of files. Out: rows; the same lists.
"""

from __future__ import annotations

import pickle
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prepare_files import touch
from slipdetect.errors import DataError, OutputError, UsageError
from slipdetect.lab.course2020.lists import MISSING, ONLY_FRAMES, read_course_lists
from slipdetect.lab.data import Clip, read_annotations
from slipdetect.lab.prepare.export_lists import (
    DecodedFrames,
    StoredFrames,
    misplaced,
    write_course_lists,
    write_ucf_lists,
)
from slipdetect.lab.prepare.lists import read_frame_counts
from slipdetect.lab.prepare.rows import Prepared, write_rows
from slipdetect.lab.prepare.splitting import split_by_position
from slipdetect.lab.prepare.ucf101 import UNGROUPED
from store_tools import extract
from synth import make_video

SLIP = "Slipping/v_Slipping_g01_c01"
OTHER = "NotSlipping/v_NotSlipping_g02_c01"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return touch(tmp_path / "videos", f"{SLIP}.mp4", f"{OTHER}.mp4")


def read(root: Path, text: str | bytes, **options: object) -> Prepared:
    file = root.parent / "list.txt"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_course_lists([("train", file)], root, **options)  # type: ignore[arg-type]


def facts(prepared: Prepared) -> list[tuple[str, str, str]]:
    return [(row.path.stem, row.label, row.more.get("frames", "")) for row in prepared.rows]


def test_second_generation(root: Path) -> None:
    prepared = read(root, f"{SLIP}\t\t120\t0\n{OTHER}\t\t57\t1\n")
    assert facts(prepared) == [
        ("v_Slipping_g01_c01", "slip", "120"),
        ("v_NotSlipping_g02_c01", "other", "57"),
    ]
    assert [row.group for row in prepared.rows] == [
        "course2020-Slipping_g01",
        "course2020-NotSlipping_g02",
    ]
    assert [row.action for row in prepared.rows] == ["Slipping", "NotSlipping"]
    assert {row.split for row in prepared.rows} == {"train"}


def test_first_generation_with_and_without_labels(root: Path) -> None:
    labeled = read(root, f"{SLIP}.mp4 1\n{OTHER}.mp4 2\n", frame_counts={f"{SLIP}.mp4": 3})
    bare = read(root, f"{SLIP}.mp4\n{OTHER}.mp4\n", frame_counts={"v_Slipping_g01_c01.mp4": 3})
    for prepared in (labeled, bare):
        assert facts(prepared) == [
            ("v_Slipping_g01_c01", "slip", "3"),
            ("v_NotSlipping_g02_c01", "other", ""),
        ]


def test_a_class_index_may_number_otherwise(root: Path) -> None:
    classes = root.parent / "classInd.txt"
    classes.write_text("1 NotSlipping\r\n2 Slipping\r\n")
    prepared = read(root, f"{SLIP}.mp4 2\n{OTHER}.mp4 1\n", classes=classes)
    assert [row.label for row in prepared.rows] == ["slip", "other"]


def test_what_lists_may_look_like(root: Path) -> None:
    """Windows lines, a byte-order mark, comments, spaces, no class folder on disk."""
    (root / OTHER).with_suffix(".mp4").rename(root / "v_NotSlipping_g02_c01.AVI")
    touch(root, "Slipping/at home.mp4")
    text = f"# mine\r\n\r\n  {SLIP} 120 0  \r\n{OTHER}\t57 1\r\nSlipping/at home 9 0"
    prepared = read(root, text.encode("utf-8-sig"))
    assert [row.path.name for row in prepared.rows] == [
        "v_Slipping_g01_c01.mp4",
        "v_NotSlipping_g02_c01.AVI",
        "at home.mp4",
    ]
    assert prepared.notes == [UNGROUPED]
    assert prepared.rows[2].unit == str(root / "Slipping/at home.mp4")


def test_what_is_not_there_is_counted(root: Path) -> None:
    touch(root, "v_Slipping_g09_c01/frame_000001.jpg")
    lines = [f"{SLIP} 9 0", "Slipping/v_Slipping_g09_c01 9 0", "Slipping/none 9 0"]
    prepared = read(root, "\n".join(lines))
    assert len(prepared.rows) == 1
    assert prepared.left_out.reasons() == {
        ONLY_FRAMES: ["Slipping/v_Slipping_g09_c01"],
        MISSING: ["Slipping/none"],
    }


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            f"{OTHER} 57 0",
            r"line 2: label 0 \(Slipping\) contradicts the folder of 'NotSlipping/v_N",
        ),
        (
            f"{OTHER} 57 2",
            r"label 2 means neither a slip nor none \(there is 0 Slipping, 1 N",
        ),
        (f"{OTHER} 57", "line 2: .* is not a video, its frames and a label, as the first line"),
        (f"{OTHER} 0 1", "line 2: a video cannot have 0 frames"),
        (f"{SLIP}.mp4 9 0", "line 2: .* is also in list .* line 1"),
        ("120 1", "line 2: .* is not a video, its frames"),
    ],
)
def test_contradictions_name_their_line(root: Path, line: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read(root, f"{SLIP} 120 0\n{line}\n")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"{SLIP}.mp4 0", r"label 0 means neither a slip nor none \(there is 1 Slipping, 2 NotSl"),
        (f"{SLIP}.mp4 2", r"label 2 \(NotSlipping\) contradicts the folder of 'Slipping/v"),
        ("walk/x.mp4", "'walk/x.mp4' has no label, and its folder names none"),
    ],
)
def test_contradictions_of_the_first_generation(root: Path, line: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read(root, line)


@pytest.mark.parametrize(
    ("classes", "numbers"),
    [
        ("0 other\n1 fall\n", (1, 0)),
        ("1 other\n2 fall\n", (1, 0)),
        ("1 other\n2 fall\n", (2, 1)),
        ("1 fall\n2 other\n", (0, 1)),
    ],
)
def test_the_class_file_counts_in_lists_with_frames(
    tmp_path: Path, classes: str, numbers: tuple[int, int]
) -> None:
    root = touch(tmp_path / "videos", "a.mp4", "b.mp4")
    index = tmp_path / "classInd.txt"
    index.write_text(classes)
    prepared = read(root, f"a 120 {numbers[0]}\nb 57 {numbers[1]}\n", classes=index)
    assert facts(prepared) == [("a", "slip", "120"), ("b", "other", "57")]


def test_class_folders_tell_where_a_list_with_frames_begins_to_count(root: Path) -> None:
    index = root.parent / "classInd.txt"
    index.write_text("1 NotSlipping\n2 Slipping\n")
    assert facts(read(root, f"{SLIP} 9 1\n", classes=index))[0][1] == "slip"
    touch(root, "c.mp4")
    with pytest.raises(DataError, match="line 1: nothing tells whether its numbers count classes"):
        read(root, "c 9 1\n", classes=index)
    with pytest.raises(DataError, match=r"label 3 means neither .*0 NotSlipping, 1 Slipping"):
        read(root, "c 9 3\n", classes=index)
    index.write_text("1 walk\n2 Slipping\n")
    with pytest.raises(
        DataError, match=r"the folder of 'NotSlipping/v\S+ is no class of the class"
    ):
        read(root, f"{OTHER}.mp4\n", classes=index)


def test_frame_counts_that_no_list_needs_are_refused(root: Path) -> None:
    with pytest.raises(UsageError, match="--frame-count has no effect: the lists have frames"):
        read(root, f"{SLIP} 9 0\n", frame_counts={SLIP: 9})


def test_one_video_in_two_lists_is_a_leak(root: Path) -> None:
    file = root.parent / "list.txt"
    file.write_text(f"{SLIP} 9 0\n")
    with pytest.raises(DataError, match=r"line 1: .* is also in list .* line 1"):
        read_course_lists([("train", file), ("test", file)], root)


@pytest.mark.parametrize("count", [475, 668])
def test_S03_the_course_reports_counts_from_a_list(tmp_path: Path, count: int) -> None:
    """475 by every 4th: 357 train (149 slips), 118 test (49); 668 by every 5th: 535, 133."""
    slips, every = {475: (198, 4), 668: (238, 5)}[count]
    names = [f"NotSlipping/v_NotSlipping_g{i // 4:02d}_c{i % 4}" for i in range(count - slips)]
    names += [f"Slipping/v_Slipping_g{i // 4:02d}_c{i % 4}" for i in range(slips)]
    root = touch(tmp_path / "videos", *(f"{name}.mp4" for name in names))
    file = tmp_path / "all.txt"
    file.write_text("".join(f"{n}\t\t100\t{int(n.startswith('Not'))}\n" for n in names))
    rows = split_by_position(read_course_lists([("", file)], root).rows, every)
    found = Counter((row.split, row.label) for row in rows)
    by_split = {split: found[split, "slip"] + found[split, "other"] for split in ("train", "test")}
    assert by_split == {475: {"train": 357, "test": 118}, 668: {"train": 535, "test": 133}}[count]
    if count == 475:
        assert (found["train", "slip"], found["train", "other"]) == (149, 208)
        assert (found["test", "slip"], found["test", "other"]) == (49, 69)


class Lengths:
    """Counts a video's frames as the length of its file."""

    def name(self, path: Path) -> str:
        return path.stem

    def frames(self, path: Path) -> int:
        return path.stat().st_size


@st.composite
def collections(draw: st.DrawFn) -> list[tuple[bool, str, int]]:
    item = st.tuples(st.booleans(), st.sampled_from(["train", "val", "test"]), st.integers(2, 99))
    return draw(st.lists(item, min_size=1, max_size=12))


@settings(max_examples=20, deadline=None)
@given(facts=collections())
def test_written_lists_are_read_back(
    facts: list[tuple[bool, str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("lists")
    clips = []
    for index, (positive, split, frames) in enumerate(facts):
        name = "Slipping" if positive else "NotSlipping"
        path = folder / "videos" / name / f"v_{name}_g{index:02d}_c01.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(frames))
        clips.append(Clip(path, positive, group=f"course2020-{name}_g{index:02d}", split=split))
    sides = [split for split in ("train", "val", "test") if any(c.split == split for c in clips)]
    write_course_lists(clips, folder / "course2020", Lengths())
    write_ucf_lists(clips, folder / "ucf", Lengths())
    counts = read_frame_counts(folder / "ucf" / "frame_count.pickle")
    second = [(split, folder / "course2020" / f"rgb_{split}.txt") for split in sides]
    first = [(split, folder / "ucf" / f"{split}list01.txt") for split in sides]
    classes = folder / "ucf" / "classInd.txt"
    root = folder / "videos"
    read_second = read_course_lists(second, root)
    read_first = read_course_lists(first, root, classes=classes, frame_counts=counts)
    assert read_first.rows == read_second.rows
    write_rows(read_second.rows, root / "clips.csv")
    back = {clip.path: clip for clip in read_annotations(root / "clips.csv")}
    assert {path: (c.positive, c.split, c.group) for path, c in back.items()} == {
        clip.path: (clip.positive, clip.split, clip.group) for clip in clips
    }
    lengths = {path: int(clip.columns["frames"]) for path, clip in back.items()}
    assert lengths == {clip.path: clip.path.stat().st_size for clip in clips}


def clips_of(root: Path) -> list[Clip]:
    return [
        Clip(root / f"{SLIP}.mp4", True, split="train"),
        Clip(root / f"{OTHER}.mp4", False, split="test"),
    ]


def test_the_very_bytes(root: Path, tmp_path: Path) -> None:
    (root / f"{SLIP}.mp4").write_bytes(b"12345")
    written = write_course_lists(clips_of(root), tmp_path / "out", Lengths())
    assert {path.name: path.read_bytes() for path in written} == {
        "rgb_train.txt": b"Slipping/v_Slipping_g01_c01\t\t5\t0\n",
        "rgb_test.txt": b"NotSlipping/v_NotSlipping_g02_c01\t\t1\t1\n",
        "flow_train.txt": b"Slipping/v_Slipping_g01_c01\t\t4\t0\n",
        "flow_test.txt": b"NotSlipping/v_NotSlipping_g02_c01\t\t0\t1\n",
    }
    written = write_ucf_lists(clips_of(root), tmp_path / "out", Lengths())
    assert written[-1].name == "frame_count.pickle"
    assert {path.name: path.read_bytes() for path in written[:-1]} == {
        "classInd.txt": b"1 Slipping\n2 NotSlipping\n",
        "trainlist01.txt": b"Slipping/v_Slipping_g01_c01.mp4 1\n",
        "testlist01.txt": b"NotSlipping/v_NotSlipping_g02_c01.mp4\n",
    }
    with pytest.raises(OutputError, match="exists already"):
        write_ucf_lists(clips_of(root), tmp_path / "out", None)
    write_ucf_lists(clips_of(root), tmp_path / "out", None, overwrite=True)
    assert misplaced(clips_of(root)) == 0
    assert misplaced([Clip(root / "x.mp4", True)]) == 1


def test_lists_that_could_not_be_read_back_are_not_written(root: Path, tmp_path: Path) -> None:
    first, second = clips_of(root)
    for clips, words in (
        ([first, Clip(root / "a b.mp4", False, split="test")], "space in its name"),
        ([first, Clip(root / "x" / first.path.name, False, split="test")], "would both be"),
        ([first, Clip(second.path, False)], "1 of 2 clips have no split.*--test-every"),
    ):
        with pytest.raises(DataError, match=words):
            write_course_lists(clips, tmp_path / "out", Lengths())
        with pytest.raises(DataError, match=words):
            write_ucf_lists(clips, tmp_path / "out", None)
    assert not (tmp_path / "out").exists()


def test_frames_are_counted_by_decoding(tmp_path: Path) -> None:
    truth = make_video(tmp_path / "a.mp4", count=13)
    counter = DecodedFrames()
    assert (counter.name(truth.path), counter.frames(truth.path)) == ("a", 13)


def test_frames_are_counted_in_folders(root: Path, tmp_path: Path) -> None:
    frames = [f"v_Slipping_g01_c01/frame_{i:06d}.jpg" for i in (1, 2, 3)]
    touch(tmp_path / "frames", *frames, "v_Slipping_g01_c01/list.txt", "empty/x.txt")
    counter = StoredFrames(tmp_path / "frames")
    path = root / f"{SLIP}.mp4"
    assert (counter.name(path), counter.frames(path)) == ("v_Slipping_g01_c01", 3)
    with pytest.raises(DataError, match=r"cannot count frames in .*extract them first"):
        counter.frames(root / f"{OTHER}.mp4")
    with pytest.raises(DataError, match="holds no pictures"):
        counter.frames(root / "empty.mp4")


def test_frames_are_counted_in_a_store(tmp_path: Path) -> None:
    truth = make_video(tmp_path / "a.mp4", count=5)
    other = make_video(tmp_path / "b.mp4", count=7)
    extract(tmp_path / "store", truth.path, flow=None)
    counter = StoredFrames(tmp_path / "store")
    assert counter.name(truth.path).startswith("a-")
    assert counter.frames(truth.path) == 5
    with pytest.raises(DataError, match="is not in the store"):
        counter.frames(other.path)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("size", [0, 1, 3, 2500])
def test_frame_counts_of_every_protocol(tmp_path: Path, protocol: int, size: int) -> None:
    counts = {f"v_Ü {i}.mp4": 1 + i * 300 for i in range(size)}
    file = tmp_path / "frame_count.pickle"
    file.write_bytes(pickle.dumps(counts, protocol))
    assert read_frame_counts(file) == counts


def test_frame_counts_of_python_2(tmp_path: Path) -> None:
    """Text of Python 2 is another instruction."""
    file = tmp_path / "frame_count.pickle"
    file.write_bytes(b"(dp0\nS'v_a.mp4'\np1\nI12\nsS'v_b.mp4'\np2\nL7L\ns.")
    assert read_frame_counts(file) == {"v_a.mp4": 12, "v_b.mp4": 7}
    file.write_bytes(b"\x80\x02}q\x00U\x07v_a.mp4q\x01K\x0cs.")
    assert read_frame_counts(file) == {"v_a.mp4": 12}


def test_written_frame_counts_are_a_plain_pickle(root: Path, tmp_path: Path) -> None:
    (root / f"{SLIP}.mp4").write_bytes(b"12345")
    *_, file = write_ucf_lists(clips_of(root), tmp_path / "out", Lengths())
    counts = {f"{Path(SLIP).name}.mp4": 5, f"{Path(OTHER).name}.mp4": 1}
    assert pickle.loads(file.read_bytes()) == counts
