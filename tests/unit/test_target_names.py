"""Names of new videos: folders stay, nothing meets, nothing leads out.

In: paths of sources. Out: nothing but assertions.
"""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from slipdetect.sinks.names import target_names

PART = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="/\0"), min_size=1, max_size=12
).filter(lambda text: text not in (".", ".."))
PATHS = st.lists(
    st.lists(PART, min_size=1, max_size=3).map(lambda parts: Path("/data", *parts)),
    min_size=1,
    max_size=8,
    unique=True,
)


@given(sources=PATHS)
def test_every_source_has_a_safe_target_of_its_own(sources: list[Path]) -> None:
    targets = target_names(sources, Path("out"))
    assert len(set(targets)) == len(sources)
    for target in targets:
        assert target.suffix == ".mp4"
        assert target.parts[0] == "out"
        assert ".." not in target.parts
        assert str(target).isprintable()
        assert len(target.name.encode()) <= 220


def test_folders_below_the_shared_one_stay() -> None:
    sources = [Path("/d/fall/a.avi"), Path("/d/walk/x/a.mov"), Path("/d/walk/b.mp4")]
    names = [target.as_posix() for target in target_names(sources, Path("o"))]
    assert names == ["o/fall/a.mp4", "o/walk/x/a.mp4", "o/walk/b.mp4"]
    assert target_names([Path("here/a.avi")], Path("o")) == [Path("o/a.mp4")]
    assert target_names([], Path("o")) == []


def test_two_of_one_name_get_digits_that_stay() -> None:
    sources = [Path("/d/a.avi"), Path("/d/a.mp4"), Path("/d/b.mp4")]
    first, second, third = target_names(sources, Path("o"))
    assert third == Path("o/b.mp4")
    assert first != second
    assert first.name.startswith("a-")
    assert target_names(sources[:2], Path("o"))[0] == first


def test_endings() -> None:
    sources = [Path("/d/a.mp4"), Path("/d/a.mp4")]
    assert target_names(sources, Path("o"), ["-0-2.5", "-3-end"]) == [
        Path("o/a-0-2.5.mp4"),
        Path("o/a-3-end.mp4"),
    ]


def test_control_characters_and_long_names() -> None:
    (target,) = target_names([Path("/d/a\nb" + "ä" * 120 + ".mp4")], Path("o"))
    assert target.name.startswith("a_bä")
    assert len(target.name.encode()) <= 204
