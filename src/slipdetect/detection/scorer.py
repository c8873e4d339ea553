"""Temporal segment networks as a scorer of windows, computed by torch.

In: a model package, frames. Out: probabilities of windows; logits of snippets and windows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from slipdetect.detection.loading import check_consensus, resolve_device
from slipdetect.detection.pipeline import (
    CUTTING,
    JUDGING,
    NETWORK,
    SCORING,
    Segment,
    Snippet,
    Stopwatch,
    WindowScorer,
    window_scores,
)
from slipdetect.detection.schedule import (
    EverySnippet,
    Score,
    Scores,
    SkipConfident,
    WindowPlan,
    WindowScores,
    anchor_distance,
    is_confident,
)
from slipdetect.errors import ModelError, UsageError
from slipdetect.flow import FlowExtractor
from slipdetect.flow.machine import usable_cpus
from slipdetect.modalities.normalize import SnippetNormalizer, interleaved
from slipdetect.modalities.snippet import SnippetGrid, StreamInput
from slipdetect.models import TSN, ModelConfig, ModelPackage, StreamConfig
from slipdetect.models.tsn import fast_precision, folded, in_precision
from slipdetect.types import EventConfig, Window

logger = logging.getLogger(__name__)

Images = Sequence[npt.NDArray[np.uint8]]

_PREPARED = 4  # snippets normalized at a time: what a CPU's cache holds of them as float32
# what torch's allocators say when it is no OutOfMemoryError
_OOM_MESSAGES = ("out of memory", "can't allocate memory")


class TSNScorer(WindowScorer):
    """A model package as a scorer: windows are the consensus of snippets (Wang et al., ECCV 2016).

    Args:
        package: The model.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``.
        exact: Compute every snippet, in float32.
        batch: Most snippets in a pass; fewer where the device's memory does not hold them.

    Attributes:
        config: The model's configuration.
        networks: Score snippets.
        exact: Every snippet is computed, in float32.
        grid: Where snippets lie.
        plan: Where windows lie.

    Raises:
        PackageError: The consensus of a stream cannot judge windows of any length.
        ModelError: The device is not there.
    """

    def __init__(
        self, package: ModelPackage, device: str = "auto", exact: bool = False, batch: int = 64
    ) -> None:
        config = package.config
        check_consensus(config)
        self.config: ModelConfig = config
        self.exact = exact
        self.networks = SnippetScorer(package, resolve_device(device), batch, exact)
        modalities = [stream.snippet for stream in config.streams]
        self.grid = SnippetGrid.make(modalities, config.snippet_stride, config.sample_fps)
        self.plan = WindowPlan.make(
            config.window, config.stride, self.grid.step, self.grid.span, config.sample_fps
        )
        self.name, self.label = config.name, config.positive
        self.sample_fps, self.short_side = config.sample_fps, config.frame_short_side
        self.window = self.plan.seconds
        self.weights = {stream.modality: stream.sha256 for stream in config.streams}
        self._flow = None if config.flow is None else FlowExtractor.from_recipe(config.flow)
        self._streams = [
            StreamInput(stream.snippet, stream.input_size, stream.crop) for stream in config.streams
        ]

    def windows(self, segment: Segment) -> Iterator[Window]:
        """Yield the windows of a segment."""
        for found in self.window_scores(segment):
            with segment.run.watch.stage(JUDGING):
                agreed = self.networks.consensus(found.scores)
                probability, streams = self.networks.probability(agreed)
            start, end = found.start + segment.start, found.end + segment.start
            yield Window(start, end, probability, streams, found.corrupt)

    def window_scores(self, segment: Segment) -> Iterator[WindowScores]:
        """Yield the snippet scores of the windows of a segment, timed from its start."""
        live, flow = segment.waiting is not None, segment.run.flow
        if flow is None and self._flow is not None:
            # sources may be looked at in threads of their own, and not every solver bears that
            method = self._flow if self._flow.concurrent else self._flow.again()
            flow = partial(method.levels, ahead=not live)
        schedule = self._schedule(segment.run.event_config, live)
        return window_scores(segment, self._streams, flow, schedule, self.networks)

    def _schedule(self, events: EventConfig | None, live: bool) -> EverySnippet:
        every = anchor_distance(self.grid)
        modalities = tuple(self.weights)
        if self.exact or live or events is None or every == 1:
            return EverySnippet(modalities, self.grid, self.plan)
        verdict = partial(self._verdict, events)
        return SkipConfident(modalities, self.grid, self.plan, every, verdict)

    def _verdict(self, events: EventConfig, scores: Scores) -> bool | None:
        """Return whether a window of nothing but such snippets is in an event with confidence."""
        # a consensus that learned knows windows, not single snippets
        window = {name: row[None].repeat(self.plan.snippets, 0) for name, row in scores.items()}
        return is_confident(self.networks.probability(self.networks.consensus(window))[0], events)


class SnippetScorer:
    """The networks of a model package on one device.

    Args:
        package: The model.
        device: Where the networks run.
        batch: Most snippets in a pass; fewer where the device's memory does not hold them.
        exact: Compute in float32, also on CPUs that are faster with bfloat16.
    """

    def __init__(
        self,
        package: ModelPackage,
        device: torch.device,
        batch: int = 64,
        exact: bool = True,
    ) -> None:
        self.config: ModelConfig = package.config
        self.device = device
        size = BatchSize(batch)
        self._networks = {
            stream.modality: StreamNetwork(package, stream, device, size, exact)
            for stream in self.config.streams
        }
        self._cpus = usable_cpus()
        self._fusion = self.config.late_fusion()
        self._positive = self.config.labels.index(self.config.positive)

    @contextmanager
    def session(self, watch: Stopwatch, alone: bool) -> Iterator[Score[Snippet]]:
        """Give what scores snippets; on CPUs that are ours ``alone`` in a thread for each network.

        Args:
            watch: Measures how long each network takes.
            alone: Nothing else but a thread that reads wants the CPUs meanwhile.
        """
        if not alone:
            yield partial(self.score, watch=watch)
            return
        with (
            room_for_reading(self.device, self._cpus),
            network_threads(self.device, len(self._networks), self._cpus) as pool,
        ):
            yield partial(self.score, watch=watch, pool=pool)

    def score(
        self, snippets: Sequence[Snippet], watch: Stopwatch, pool: Executor | None = None
    ) -> list[Scores]:
        """Return the logits ``{modality: (classes,) float32}`` of every snippet.

        Args:
            snippets: Of any segments; the logits of several views of one are averaged.
            watch: Measures how long each network takes.
            pool: Threads for the networks; None: one after the other in this one.
        """

        def rows_of(name: str) -> npt.NDArray[np.float32]:
            with watch.stage(CUTTING):
                views = [snippet.views(name) for snippet in snippets]
            with watch.stage(NETWORK.format(name)):
                rows = self.logits(name, [view for each in views for view in each])
                each_view = rows.reshape(len(snippets), -1, rows.shape[-1])
                return each_view.mean(1) if each_view.shape[1] > 1 else each_view[:, 0]

        if pool is None:
            columns = [rows_of(name) for name in self._networks]
        else:
            with watch.stage(SCORING):
                columns = list(pool.map(rows_of, self._networks))
        return [dict(zip(self._networks, row, strict=True)) for row in zip(*columns, strict=True)]

    def logits(self, modality: str, images: Images) -> npt.NDArray[np.float32]:
        """Return the logits ``(snippets, classes)`` of one stream's snippets.

        Args:
            modality: Of the stream.
            images: ``(images, S, S, C)`` uint8 of each snippet.

        Raises:
            ModelError: The device's memory does not hold one snippet.
        """
        rows: npt.NDArray[np.float32] = self._networks[modality].logits(images).numpy()
        return rows

    def consensus(self, window: Scores) -> Scores:
        """Return what a window's snippets agree on, ``{modality: (classes,)}``.

        The identity consensus, which no detector has, leaves ``(snippets, classes)``.

        Args:
            window: Snippet logits ``(snippets, classes)`` by modality.
        """
        with torch.inference_mode():
            return {
                name: self._networks[name]
                .network.consensus(torch.from_numpy(scores)[None].to(self.device))[0]
                .cpu()
                .numpy()
                for name, scores in window.items()
            }

    def probability(self, agreed: Scores) -> tuple[float, dict[str, float]]:
        """Return the calibrated probability of a window and each stream's own.

        Args:
            agreed: Logits ``(classes,)`` of the window by modality.
        """
        scores = {name: torch.from_numpy(logits) for name, logits in agreed.items()}
        odds = float(self._fusion.log_odds(scores, self._positive))
        streams = {name: float(row.softmax(-1)[self._positive]) for name, row in scores.items()}
        return float(self.config.calibration.probabilities(odds)), streams


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


@contextmanager
def network_threads(device: torch.device, networks: int, cpus: int) -> Iterator[Executor | None]:
    """Give a thread for each of several networks, with its share of torch's, on several CPUs.

    What one thread leaves idle where it waits for memory, the others use. None elsewhere.
    """
    if device.type != "cpu" or networks == 1 or cpus == 1:
        yield None
        return
    share = max(1, torch.get_num_threads() // networks)
    pool = ThreadPoolExecutor(networks, "slipdetect-network", torch.set_num_threads, (share,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
