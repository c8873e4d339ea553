"""What ``export_stream`` adds to a checkpoint: the facts that its format has no room for.

In: a package's configuration, or the JSON text in a checkpoint. Out: the text, or a configuration.
"""

from __future__ import annotations

import json
from dataclasses import replace

from slipdetect.errors import PackageError
from slipdetect.models.config import ModelConfig
from slipdetect.models.legacy.reading import OldCheckpoint


def write_note(config: ModelConfig, modality: str) -> str:
    """Return the configuration of a model that has only the stream of ``modality``."""
    weight = config.fusion["weights"][modality]
    # a stream of weight zero cannot be a model of its own
    weights = {modality: weight if weight > 0 else 1.0}
    alone = replace(
        config,
        streams=(replace(config.stream(modality), file="", sha256=""),),
        fusion={**config.fusion, "weights": weights},
        training={},
    )
    return json.dumps(alone.to_json(), ensure_ascii=False, allow_nan=False)


def read_note(checkpoint: OldCheckpoint) -> ModelConfig | None:
    """Return the configuration in a checkpoint, or None where there is none.

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
    config = ModelConfig.from_json(data, where)
    if len(config.streams) != 1:
        raise PackageError(f"{where} is about several streams; export the model again")
    return config
