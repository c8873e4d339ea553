"""Writing scores for programs that came before slipdetect.

In: ``ClipScores``. Out: a pickle of ``{video name: logits}`` for every stream.
"""

from __future__ import annotations

import pickle
import re
from pathlib import Path, PurePosixPath

from slipdetect._io import atomic_write, check_writable
from slipdetect.errors import DataError, OutputError
from slipdetect.lab.evaluate.scores import ClipScores
from slipdetect.modalities.snippet import MODALITIES

_NAME = re.compile(r"[\w-]{1,80}")
_PROTOCOL = 2  # what every Python since 2.3 reads


def check_pickles(folder: Path, *, overwrite: bool = False) -> None:
    """Fail before the work where ``write_pickles`` could not write.

    Raises:
        OutputError: ``folder`` cannot be a folder, or holds a file of a stream's name.
    """
    if folder.exists():
        for name in MODALITIES:
            check_writable(_target(folder, name), overwrite=overwrite)
    elif not folder.parent.is_dir():
        raise OutputError(f"cannot make {str(folder)!r}: its parent folder does not exist")


def write_pickles(scores: ClipScores, folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Write what the two-stream code's ``average_fusion.py`` reads, a file for every stream.

    A file is ``{name: (classes,) float32}``: the clip's file name without ending and without the
    ``v_`` of UCF101, and its mean logits. ``import_scores`` reads it back.

    Args:
        scores: What to write.
        folder: Made when new; the files are ``MODALITY.pickle``.
        overwrite: Replace files that exist.

    Raises:
        DataError: Two clips have one such name, or a stream's is not fit for a file.
        OutputError: A file exists or cannot be written.
    """
    names = [PurePosixPath(clip).stem.removeprefix("v_") for clip in scores.clips]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(
            f"two clips are called {twice!r}, and such pickles know a clip by its file name alone; "
            "rename one of them"
        )
    unfit = next((name for name in scores.logits if not _NAME.fullmatch(name)), None)
    if unfit is not None:
        raise DataError(f"a stream is called {unfit[:80]!r}, which cannot be a file's name")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make {str(folder)!r}: {error.strerror}") from error
    for modality, logits in scores.logits.items():
        content = dict(zip(names, logits, strict=True))
        with atomic_write(_target(folder, modality), overwrite=overwrite) as temporary:
            temporary.write_bytes(pickle.dumps(content, protocol=_PROTOCOL))
    return [_target(folder, modality) for modality in scores.logits]


def _target(folder: Path, modality: str) -> Path:
    return folder / f"{modality}.pickle"
