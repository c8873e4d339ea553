"""What ``export_stream`` adds to a checkpoint: everything that its format has no room for.

In: a package, or the JSON text in a checkpoint. Out: the text, or a ``Note``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from slipdetect.errors import PackageError, UsageError
from slipdetect.lab.checkpoints.reading import OldCheckpoint
from slipdetect.models.config import ModelConfig, StreamConfig
from slipdetect.models.package import ModelPackage


@dataclass(frozen=True)
class Note:
    """What a checkpoint says about the model that it is a stream of.

    Attributes:
        config: Of the whole model, as its ``model.json`` had it.
        modality: Of the stream in the file.
        card: Text of the model card, or None.
    """

    config: ModelConfig
    modality: str
    card: str | None = None

    @property
    def stream(self) -> StreamConfig:
        """The stream in the file."""
        return self.config.stream(self.modality)


def write_note(package: ModelPackage, modality: str) -> str:
    """Return all of ``model.json``, so that whatever a package can say also comes back."""
    data = {"stream": modality, "model": package.config.to_json(), "card": package.card()}
    return json.dumps(data, ensure_ascii=False, allow_nan=False)


def read_note(checkpoint: OldCheckpoint) -> Note | None:
    """Return the note in a checkpoint, or None where there is none.

    Raises:
        PackageError: It is there and cannot be read.
    """
    if checkpoint.note is None:
        return None
    where = f"the note in {str(checkpoint.path)!r}"
    try:
        data = json.loads(checkpoint.note)
    except (ValueError, RecursionError) as error:
        raise PackageError(f"{where} is no JSON ({error}); export the model again") from error
    # the first notes were the configuration of a model of one stream, and no more
    plain = not isinstance(data, Mapping) or "model" not in data
    config = ModelConfig.from_json(data if plain else data["model"], where)
    modality = config.streams[0].modality if plain else data.get("stream")
    card = None if plain else data.get("card")
    try:
        config.stream(modality)
    except UsageError as error:
        raise PackageError(f"{where} is about no stream of its model; export it again") from error
    return Note(config, modality, card if isinstance(card, str) and card else None)
