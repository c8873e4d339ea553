"""What classes count as: by name, by what the user says, never by chance.

In: class names and options. Out: slip, other or skip.
"""

from __future__ import annotations

import pytest

from slipdetect.errors import UsageError
from slipdetect.lab.prepare.mapping import ClassMapping, read_pairs

HMDB = ["brush", "fall_floor", "sit", "situp", "stand", "walk"]


def labels(classes: list[str], **said: object) -> dict[str, str]:
    return ClassMapping(**said).labels(classes, "here")  # type: ignore[arg-type]


def test_class_names_that_are_label_words_need_no_mapping() -> None:
    found = labels(["Slipping", "NotSlipping", "fall", "normal", "ADL"])
    assert found == {
        "Slipping": "slip",
        "NotSlipping": "other",
        "fall": "slip",
        "normal": "other",
        "ADL": "other",
    }


def test_the_usual_positive_leaves_everything_else_as_other() -> None:
    found = labels(HMDB, usual=("fall_floor",))
    assert found == dict.fromkeys(HMDB, "other") | {"fall_floor": "slip"}


def test_naming_negatives_leaves_the_rest_out() -> None:
    found = labels(HMDB, usual=("fall_floor",), negative=("stand", "sit", "situp"))
    assert found == {
        "brush": "skip",
        "fall_floor": "slip",
        "sit": "other",
        "situp": "other",
        "stand": "other",
        "walk": "skip",
    }


def test_pairs_win_over_what_is_usual() -> None:
    pairs = read_pairs(["fall_floor=skip", "walk = SLIP", "*=other"])
    found = labels(HMDB, usual=("fall_floor",), pairs=pairs)
    assert found == dict.fromkeys(HMDB, "other") | {"fall_floor": "skip", "walk": "slip"}


def test_the_rest_is_no_name_that_says_slip_or_other_itself() -> None:
    """A fall must not become a negative because nobody named it."""
    classes = ["fall", "sits", "normal"]
    for rest in ("other", "slip"):
        found = labels(classes, pairs=(("*", rest),))
        assert found == {"fall": "slip", "sits": rest, "normal": "other"}
    assert labels(classes, pairs=(("*", "skip"),)) == dict.fromkeys(classes, "skip")
    named = labels(classes, pairs=(("*", "other"), ("fall", "other")))
    assert named == dict.fromkeys(classes, "other")


def test_a_class_may_hold_an_equals_sign() -> None:
    assert read_pairs(["a=b=slip"]) == (("a=b", "slip"),)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"positive": ("fal_floor",)}, "no class 'fal_floor' in here; it has brush, fall_floor"),
        ({"positive": ("sit",), "negative": ("sit",)}, "'sit' is named as slip and as other"),
        ({"pairs": (("sit", "slips"),)}, "sit=slips: a class is one of slip, other, skip"),
        (
            {},
            r"whether somebody slips: brush, fall_floor, sit.*--map 'brush=slip'.*for all of these",
        ),
        ({"pairs": (("fall_floor", "slip"),)}, "whether somebody slips: brush, sit"),
    ],
)
def test_mistakes_are_named(said: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        labels(HMDB, **said)


def test_the_usual_positive_is_no_excuse_where_it_is_missing() -> None:
    with pytest.raises(UsageError, match="whether somebody slips: sit, walk"):
        labels(["sit", "walk"], usual=("fall_floor",))


@pytest.mark.parametrize("text", ["fall", "=slip", "fall="])
def test_a_pair_needs_both_sides(text: str) -> None:
    with pytest.raises(UsageError, match="--map takes CLASS=slip"):
        read_pairs([text])
