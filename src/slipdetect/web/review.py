"""The review of live events: which of them are falls, as annotations of their clips for ``train``.

The file is never half written, and never shortened by another program that has it too.

In: verdicts on events. Out: a CSV that ``train`` takes, never half written and never shortened by
another program that has it too.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slipdetect._io import file_lock, unwritable, write_text
from slipdetect._tables import csv_text
from slipdetect.errors import DataError

COLUMNS = ("path", "start", "end", "label", "group", "score")
_PATIENCE = 10.0  # for another program that writes, seconds


@dataclass(frozen=True)
class Verdict:
    """One row.

    Attributes:
        start: Of the event in its clip, seconds.
        end: Likewise.
        label: ``right`` or ``wrong``.
        group: What clips of one place have in common.
        score: Of the event.
    """

    start: float
    end: float
    label: str
    group: str
    score: float

    def cells(self, path: str) -> list[str]:
        """Return the row's cells, times in milliseconds."""
        times = [f"{each:.3f}" for each in (self.start, self.end)]
        return [path, *times, self.label, self.group, f"{self.score:.6g}"]


class Review:
    """A file of verdicts.

    Args:
        path: The file; it may hold rows of earlier runs, which stay.

    Raises:
        DataError: The file is there and holds something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows()

    def put(self, verdicts: Mapping[str, Sequence[Verdict]]) -> None:
        """Replace the rows of clips; one without verdicts has none.

        Args:
            verdicts: By the clip's path from the file's folder.

        Raises:
            DataError: The file holds something else by now.
            OutputError: It cannot be written.
        """
        lock = self.path.with_name(f".{self.path.name}.lock")
        held = f"cannot write {str(self.path)!r}: another program has it"
        with file_lock(lock, _PATIENCE, lambda: held, lambda _, why: unwritable(self.path, why)):
            rows = [row for row in self._rows() if row[0] not in verdicts]
            for path in verdicts:
                rows += [each.cells(path) for each in verdicts[path]]
            write_text(self.path, csv_text([COLUMNS, *rows]), overwrite=True)

    def _rows(self) -> list[list[str]]:
        try:
            text = self.path.read_text(encoding="utf-8-sig")
            rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise DataError(
                f"cannot read {str(self.path)!r}: {error.strerror}; check it"
            ) from error
        except (UnicodeDecodeError, csv.Error):
            rows = [["not", "a", "table"]]
        if rows and (rows[0] != list(COLUMNS) or any(len(row) != len(COLUMNS) for row in rows)):
            raise DataError(
                f"{str(self.path)!r} is not a review with the columns {','.join(COLUMNS)}; "
                "rename it, so that one can be begun"
            )
        return rows[1:]
