"""The networks of a model package computed by torch, on any device that it has.

In: a model package, snippets. Out: their logits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext

import cv2
import numpy as np
import numpy.typing as npt
import torch

from slipdetect.detection.engines.engine import Engine, Images, Logits
from slipdetect.detection.engines.folding import fast_precision, folded, in_precision
from slipdetect.errors import ModelError, UsageError
from slipdetect.flow.machine import usable_cpus
from slipdetect.modalities.normalize import SnippetNormalizer
from slipdetect.models import TSN, ModelPackage, StreamConfig

logger = logging.getLogger(__name__)

_PREPARED = 4  # snippets normalized at a time: what a CPU's cache holds of them as float32
# what torch's allocators say when it is no OutOfMemoryError
_OOM_MESSAGES = ("out of memory", "can't allocate memory")


class TorchEngine(Engine):
    """The reference, and the engine of every package and device that no other one takes.

    Args:
        package: The model.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``.
        batch: Most snippets in a pass; fewer where the device's memory does not hold them.
        exact: Compute in float32, also on CPUs that are faster with bfloat16.

    Raises:
        ModelError: The device is not there, or a network cannot be built.
    """

    name = "torch"

    def __init__(
        self, package: ModelPackage, device: str = "auto", batch: int = 64, exact: bool = True
    ) -> None:
        self._device = resolve_device(device)
        self.device = str(self._device)
        self.at_once = batch
        size = BatchSize(batch)
        self._networks = {
            stream.modality: StreamNetwork(package, stream, self._device, size, exact)
            for stream in package.config.streams
        }
        self._cpus = usable_cpus()

    @contextmanager
    def session(self) -> Iterator[Executor | None]:
        """See ``Engine``."""
        with (
            room_for_reading(self._device, self._cpus),
            network_threads(self._device, len(self._networks), self._cpus) as pool,
        ):
            yield pool

    def logits(self, modality: str, images: Images) -> Logits:
        """See ``Engine``."""
        rows: Logits = self._networks[modality].logits(images).numpy()
        return rows

    def agreed(self, modality: str, scores: Logits) -> Logits:
        """See ``Engine``."""
        consensus = self._networks[modality].network.consensus
        with torch.inference_mode():
            agreed = consensus(torch.from_numpy(scores)[None].to(self._device))[0]
        rows: Logits = agreed.cpu().numpy()
        return rows


class StreamNetwork:
    """A stream's normalization and network, for inference alone, as it computes fastest.

    ``batch`` is shared by streams; for the rest see ``SnippetScorer``.
    """

    def __init__(
        self,
        package: ModelPackage,
        stream: StreamConfig,
        device: torch.device,
        batch: BatchSize,
        exact: bool,
    ) -> None:
        self._device = device
        self._batch = batch
        self._normalize = SnippetNormalizer(stream.snippet, stream.normalization)
        network = package.build_stream(stream.modality)
        shape = 1, stream.snippet.network_channels, stream.input_size, stream.input_size
        example = torch.randn(shape, generator=torch.Generator().manual_seed(0))
        precision = torch.float32 if exact else fast_precision(device)
        backbone = in_precision(folded(network.backbone, example), example, precision)
        network.backbone = backbone
        self.network: TSN = network.to(device)
        self._dtype = backbone.dtype

    def logits(self, images: Images) -> torch.Tensor:
        """Return the logits ``(snippets, classes)`` float32, on the CPU; see ``SnippetScorer``."""
        with torch.inference_mode():
            return self._batch.run(lambda part: self._compute(images[part]), len(images))

    def _compute(self, images: Images) -> torch.Tensor:
        starts = range(0, len(images), _PREPARED)
        inputs = torch.cat([self._inputs(images[at : at + _PREPARED]) for at in starts])
        return self.network.classify(self.network.backbone(inputs)).float().cpu()

    def _inputs(self, images: Images) -> torch.Tensor:
        snippets = self._normalize(interleaved(images).to(self._device))
        return self.network.backbone_inputs(snippets.unsqueeze(1)).to(self._dtype)


class BatchSize:
    """The largest batch that memory has held so far; halved, down to 1, when one does not fit.

    A network in evaluation mode scores every item by itself, so the parts give the same scores.

    Args:
        size: Largest number of items in a part to begin with; the attribute says what it is now.
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise UsageError(f"the batch size must be at least 1, not {size}")
        self.size = size
        self._told = False

    def run(self, function: Callable[[slice], torch.Tensor], count: int) -> torch.Tensor:
        """Return ``function`` of ``count`` items, called for slices of at most ``size``.

        Args:
            function: Maps a slice of the items to a tensor whose first dimension is theirs.
            count: Items in all, at least 1.

        Raises:
            ModelError: Not even one item fits into memory.
        """
        parts: list[torch.Tensor] = []
        begin = 0
        while begin < count:
            part = self._attempt(function, slice(begin, min(begin + self.size, count)))
            if part is None:
                self._halve(min(self.size, count - begin))
                continue
            parts.append(part)
            begin += len(part)
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _attempt(
        self, function: Callable[[slice], torch.Tensor], items: slice
    ) -> torch.Tensor | None:
        # memory is freed once the error, which holds the frames of the failed call, is gone
        try:
            return function(items)
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            return None

    def _halve(self, tried: int) -> None:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if tried == 1:
            raise ModelError(
                "the device's memory does not hold a single snippet; close other programs that "
                "use it, or choose the device 'cpu'"
            )
        self.size = tried // 2
        level = logging.DEBUG if self._told else logging.WARNING
        self._told = True
        logger.log(
            level,
            "the device's memory does not hold a batch of %d; going on with smaller ones, from %d",
            tried,
            self.size,
        )


def out_of_memory(error: BaseException) -> bool:
    """Return whether ``error`` is torch's way to say that an allocation failed."""
    if isinstance(error, torch.cuda.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _OOM_MESSAGES)


@contextmanager
def room_for_reading(device: torch.device, cpus: int) -> Iterator[None]:
    """Leave one CPU of several to the thread that reads, where the networks run on CPUs too.

    With threads on every CPU they and the reader wait for each other. What the caller had set is
    restored, and never exceeded.
    """
    had = torch.get_num_threads()
    wanted = max(1, cpus - 1)
    if device.type != "cpu" or wanted >= had:
        yield
        return
    torch.set_num_threads(wanted)
    try:
        yield
    finally:
        torch.set_num_threads(had)


def network_threads(
    device: torch.device, networks: int, cpus: int
) -> AbstractContextManager[Executor | None]:
    """Return a thread for each of several networks, with its share of torch's, on several CPUs.

    What one thread leaves idle where it waits for memory, the others use. None elsewhere.
    """
    if device.type != "cpu" or networks == 1 or cpus == 1:
        return nullcontext()
    share = max(1, torch.get_num_threads() // networks)
    return ThreadPoolExecutor(networks, "slipdetect-network", torch.set_num_threads, (share,))


def resolve_device(name: str) -> torch.device:
    """Return the device that ``name`` means here; ``"auto"`` prefers an accelerator.

    Raises:
        ModelError: No such device, or torch cannot use it.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ModelError(
            f"there is no device {name!r}; choose auto, cpu, cuda, cuda:1 or mps"
        ) from error
    try:
        torch.zeros(1, device=device).item()  # a "meta" device holds no numbers
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0].partition(". ")[0]
        raise ModelError(f"device {name!r} cannot be used: {reason}; try 'cpu'") from error
    return device


def interleaved(snippets: Sequence[npt.NDArray[np.uint8]]) -> torch.Tensor:
    """Return ``(snippets, images, H, W, C)`` uint8, where memory holds ``(H, W, images, C)``.

    ``SnippetNormalizer`` keeps that order, so no float is moved afterwards.

    Args:
        snippets: ``(images, H, W, C)`` each, C at most 4, all of one shape.
    """
    images, height, width, channels = snippets[0].shape
    memory = np.empty((len(snippets), height * width, images, channels), np.uint8)
    for snippet, target in zip(snippets, memory, strict=True):
        pixels = np.ascontiguousarray(snippet).reshape(images, -1, channels)
        cv2.transpose(pixels, target)
    by_pixel = torch.from_numpy(memory.reshape(-1, height, width, images, channels))
    return by_pixel.permute(0, 3, 1, 2, 4)
