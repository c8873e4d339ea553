"""Which class of a data set counts as a slip, which as something else, and which is left out.

In: names of classes and what the user said of them. Out: ``slip``, ``other`` or ``skip`` for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from slipdetect.errors import UsageError
from slipdetect.lab.data.annotations import label_word
from slipdetect.lab.prepare.rows import OTHER, SLIP

SKIP = "skip"
REST = "*"
_CHOICES = (SLIP, OTHER, SKIP)


@dataclass(frozen=True)
class ClassMapping:
    """What the user said of classes.

    Attributes:
        positive: Classes that show a slip.
        negative: Classes that show something else; naming any leaves out all that are not named.
        pairs: ``(class, "slip" | "other" | "skip")``; the class ``*`` means all not named, but a
            name that says slip or other itself is only skipped by it.
        usual: Classes that show a slip unless they are named otherwise.
    """

    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    usual: tuple[str, ...] = ()

    def labels(self, classes: Sequence[str], where: str) -> dict[str, str]:
        """Return ``"slip"``, ``"other"`` or ``"skip"`` for each of ``classes``.

        A class that nobody named is a slip or something else if its name says so ("fall",
        "normal"), something else if positive classes were named, and a mistake otherwise.

        Args:
            classes: The classes there are.
            where: Where they were found, for messages.

        Raises:
            UsageError: A class is named twice, not among ``classes``, or undecided.
        """
        named = self._named()
        for name in named:
            if name != REST and name not in classes:
                listed = ", ".join(sorted(classes)) or "none"
                raise UsageError(f"there is no class {name!r} in {where}; it has {listed}")
        for name in self.usual:
            named.setdefault(name, SLIP)
        others = named.pop(REST, "")
        rest = others or self._rest(bool(set(named) & set(classes)))
        # a fall that becomes a negative in silence spoils training
        speaks = others in (SLIP, OTHER)
        labels = {
            name: named.get(name) or (speaks and _by_name(name)) or rest or _by_name(name)
            for name in classes
        }
        undecided = sorted(name for name, label in labels.items() if not label)
        if undecided:
            listed = ", ".join(undecided[:10]) + (", ..." if len(undecided) > 10 else "")
            raise UsageError(
                f"the names of these classes of {where} do not say whether somebody slips:"
                f" {listed}; pass --map '{undecided[0]}=slip', =other or =skip for each, or --map"
                " '*=other' for all of these"
            )
        return labels

    def _named(self) -> dict[str, str]:
        pairs = [(name, SLIP) for name in self.positive]
        pairs += [(name, OTHER) for name in self.negative]
        named: dict[str, str] = {}
        for name, label in [*pairs, *self.pairs]:
            if label not in _CHOICES:
                raise UsageError(f"--map {name}={label}: a class is one of {', '.join(_CHOICES)}")
            if named.setdefault(name, label) != label:
                raise UsageError(f"class {name!r} is named as {named[name]} and as {label}")
        return named

    def _rest(self, any_named: bool) -> str:
        if self.negative:
            return SKIP
        return OTHER if (self.positive or self.usual) and any_named else ""


def read_pairs(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the pairs that ``CLASS=LABEL`` texts mean.

    Raises:
        UsageError: One has no ``=``.
    """
    pairs = []
    for text in texts:
        name, equals, label = (part.strip() for part in text.rpartition("="))
        if not (name and equals and label):
            raise UsageError(f"--map takes CLASS=slip, CLASS=other or CLASS=skip, not {text!r}")
        pairs.append((name, label.lower()))
    return tuple(pairs)


def _by_name(name: str) -> str:
    known = label_word(name)
    return "" if known is None else (SLIP if known else OTHER)
