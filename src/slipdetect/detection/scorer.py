"""Temporal segment networks as a scorer of windows.

In: a model package, frames. Out: probabilities of windows; logits of snippets and windows.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import closing, contextmanager
from copy import copy
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from slipdetect.detection.cutting import FlowSource, Snippet, SnippetCutter
from slipdetect.detection.engines import make_engine
from slipdetect.detection.engines.engine import Engine, Logits
from slipdetect.detection.loading import check_consensus
from slipdetect.detection.people import POSE, PeopleWatch
from slipdetect.detection.pipeline import (
    BATCH,
    CUTTING,
    JUDGING,
    NETWORK,
    SCORING,
    RunState,
    Segment,
    Stopwatch,
    WindowScorer,
    prefetch,
    window_scores,
)
from slipdetect.detection.schedule import (
    EverySnippet,
    Score,
    Scores,
    SkipQuiet,
    WindowPlan,
    WindowScores,
    anchor_distance,
    is_far_below,
)
from slipdetect.detection.turns import ScoringQueue
from slipdetect.errors import PackageError
from slipdetect.flow import FlowExtractor
from slipdetect.modalities.snippet import LEARNED_CONSENSUS, SnippetGrid, StreamInput
from slipdetect.models.config import ModelConfig, StreamConfig
from slipdetect.models.fusion import softmax
from slipdetect.models.package import ModelPackage
from slipdetect.people.estimators import PoseEstimator, make_pose_estimator
from slipdetect.types import Calibration, EventConfig, Window

_AHEAD = 8  # windows
_IN_A_PASS = 64  # snippets of many sources that a GPU computes together
_LATER = 0.4  # seconds that a snippet of a live source may wait for the next anchor


class TSNScorer(WindowScorer):
    """A model package as a scorer: windows are the consensus of snippets (Wang et al., ECCV 2016).

    Args:
        package: The model.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``.
        exact: Compute every snippet, in float32.
        batch: Most snippets in a pass of torch; fewer where the device's memory does not hold them.
        engine: What computes the networks: ``"auto"``, ``"torch"``, ``"onnx"``, ``"openvino"``.

    Raises:
        PackageError: The consensus of a stream cannot judge windows of any length.
        ModelError: The device is not there, or the engine cannot compute this model.
    """

    def __init__(
        self,
        package: ModelPackage,
        device: str = "auto",
        exact: bool = False,
        batch: int = 64,
        engine: str = "auto",
    ) -> None:
        config = package.config
        check_consensus(config)
        self.config: ModelConfig = config
        self.exact = exact
        self.networks = SnippetScorer(config, make_engine(package, engine, device, batch, exact))
        modalities = [stream.snippet for stream in config.streams]
        self.grid = SnippetGrid.make(modalities, config.snippet_stride, config.sample_fps)
        self.plan = WindowPlan.make(
            config.window, config.stride, self.grid.step, self.grid.span, config.sample_fps
        )
        self.name, self.label = config.name, config.positive
        self.sample_fps, self.short_side = config.sample_fps, config.frame_short_side
        self.window = self.plan.seconds
        self.weights = {stream.modality: stream.sha256 for stream in config.streams}
        self._estimator = (
            None if config.pose is None else make_pose_estimator(config.pose.estimator)
        )
        self._package = package
        self._watcher = _people_watcher(package, self._estimator)
        if config.pose is not None:
            self.weights[POSE] = config.pose.sha256
        self._flow = None if config.flow is None else FlowExtractor.from_recipe(config.flow)
        self._streams = [
            StreamInput(stream.snippet, stream.input_size, stream.crop) for stream in config.streams
        ]
        names = tuple(stream.modality for stream in config.streams)
        self._every = EverySnippet(names, self.grid, self.plan)

    def calibrated(self, package: ModelPackage) -> TSNScorer:
        """Return a scorer by the same networks with the calibration of another package.

        Raises:
            PackageError: The package differs in more than calibration and thresholds.
        """
        if _uncalibrated(package.config) != _uncalibrated(self.config):
            raise PackageError(
                f"{str(package.folder)!r} is no calibration of the model {self.name!r}: its "
                "networks or their recipe differ; make one with 'slipdetect calibrate'"
            )
        other = copy(self)
        other.config, other.name = package.config, package.config.name
        other.networks = self.networks.calibrated(package.config)
        other._watcher = _people_watcher(package, self._estimator)
        return other

    def windows(self, segment: Segment) -> Iterator[Window]:
        """Yield the windows of a segment."""
        watch = segment.run.watch
        people = None if self._watcher is None else self._watcher(segment)
        scores = self.window_scores(segment)
        # the next windows of a file are scored in a thread while people of the last are looked at
        ahead = people is not None and segment.waiting is None
        with closing(prefetch(scores, _AHEAD) if ahead else scores) as windows:
            for found in watch.each(SCORING, windows) if ahead else windows:
                with watch.stage(JUDGING):
                    agreed = self.networks.consensus(found.scores)
                    probability, streams = self.networks.probability(agreed)
                times = found.start + segment.start, found.end + segment.start
                window = Window(*times, probability, streams, found.corrupt, moving=found.moving)
                yield window if people is None else people.judge(window)

    def window_scores(self, segment: Segment) -> Generator[WindowScores, None, None]:
        """Yield the snippet scores of the windows of a segment, timed from its start."""
        schedule = self._schedule(segment.run, segment.waiting is not None)
        flow = self._flow_source(segment)
        # of many sources none takes a long turn
        batch = 1 if segment.run.sparse else min(BATCH, self.networks.engine.at_once)
        return window_scores(segment, self._streams, flow, schedule, self.networks, batch)

    def snippets(self, segment: Segment) -> Iterator[Snippet]:
        """Yield every snippet of a segment as the networks see it, for programs of other makes."""
        return SnippetCutter(self._every, self._streams, self._flow_source(segment)).cut(segment)

    def _flow_source(self, segment: Segment) -> FlowSource | None:
        if segment.run.flow is not None or self._flow is None:
            return segment.run.flow
        # sources may be looked at in threads of their own, and not every solver bears that
        method = self._flow if self._flow.concurrent else self._flow.again()
        return partial(method.levels, ahead=segment.waiting is None)

    def _schedule(self, run: RunState, live: bool) -> EverySnippet:
        events, every = run.event_config, anchor_distance(self.grid)
        if live:
            # the first snippet behind an anchor waits for the next one
            latest = round(_LATER * self.config.sample_fps / self.grid.step) + 1
            every = min(every, latest) if run.sparse else 1
        if self.exact or events is None or every == 1:
            return self._every
        offset = events.offset
        if self.config.pose is not None:
            # at the gate nobody knows yet what people will say; far below it nothing will happen
            offset = min(2 * self.config.pose.gate, 0.5)
        names, quiet = self._every.modalities, partial(self._quiet, offset)
        return SkipQuiet(names, self.grid, self.plan, every, quiet, eager=live)

    def _quiet(self, offset: float, scores: Scores) -> bool:
        """Return whether a window of nothing but such snippets is in no event with confidence."""
        # a consensus that learned knows windows, not single snippets
        window = {name: row[None].repeat(self.plan.snippets, 0) for name, row in scores.items()}
        probability = self.networks.probability(self.networks.consensus(window))[0]
        return is_far_below(probability, offset)


def _uncalibrated(config: ModelConfig) -> ModelConfig:
    """Return a configuration without what ``calibrate`` may change."""
    return replace(
        config,
        name="model",
        calibration=Calibration(),
        events=EventConfig(),
        sensitivity={},
        training={},
        versions={},
    )


def _people_watcher(
    package: ModelPackage, estimator: PoseEstimator | None
) -> Callable[[Segment], PeopleWatch] | None:
    """Return what makes a watch over the people of a segment; None where the model has no pose."""
    config, network = package.config.pose, package.pose_network()
    if config is None or network is None or estimator is None:
        return None
    sample_fps = package.config.sample_fps
    return lambda segment: PeopleWatch(config, estimator, network, segment, sample_fps)


class SnippetScorer:
    """Scores snippets, and combines their scores, with an engine that computes the networks."""

    def __init__(self, config: ModelConfig, engine: Engine) -> None:
        self.config = config
        self.engine = engine
        self._queue: ScoringQueue[Snippet, Scores] | None = None
        self._fusion = config.late_fusion()
        self._streams = {stream.modality: stream for stream in config.streams}
        self._positive = config.labels.index(config.positive)

    @contextmanager
    def session(self, watch: Stopwatch, alone: bool) -> Iterator[Score[Snippet]]:
        """See ``Networks``; on CPUs that are ours ``alone`` in a thread for each network."""
        if not alone:
            yield partial(self.score, watch=watch) if self._queue is None else self._queue.ask
            return
        with self.engine.session() as pool:
            yield partial(self.score, watch=watch, pool=pool)

    def calibrated(self, config: ModelConfig) -> SnippetScorer:
        """Return a scorer by the same networks, in the same queue, with another calibration."""
        other = SnippetScorer(config, self.engine)
        other._queue = self._queue
        return other

    def share(self) -> None:
        """Let the live sources of many threads share passes of networks that a GPU computes.

        On CPUs a pass of several snippets takes as long as a pass of each.
        """
        if self.engine.device != "cpu":
            self._queue = ScoringQueue(partial(self.score, watch=Stopwatch()), _IN_A_PASS)

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
                rows = self.engine.logits(name, [view for each in views for view in each])
                each_view = rows.reshape(len(snippets), -1, rows.shape[-1])
                return each_view.mean(1) if each_view.shape[1] > 1 else each_view[:, 0]

        if pool is None:
            columns = [rows_of(name) for name in self._streams]
        else:
            with watch.stage(SCORING):
                columns = list(pool.map(rows_of, self._streams))
        return [dict(zip(self._streams, row, strict=True)) for row in zip(*columns, strict=True)]

    def consensus(self, window: Scores) -> Scores:
        """Return what a window's snippets agree on, ``{modality: (classes,)}``.

        The identity consensus, which no detector has, leaves ``(snippets, classes)``.

        Args:
            window: Snippet logits ``(snippets, classes)`` by modality.
        """
        return {name: self._agreed(self._streams[name], rows) for name, rows in window.items()}

    def probability(self, agreed: Scores) -> tuple[float, dict[str, float]]:
        """Return the calibrated probability of a window and each stream's own.

        Args:
            agreed: Logits ``(classes,)`` of the window by modality.
        """
        odds = float(self._fusion.log_odds(agreed, self._positive))
        streams = {name: float(softmax(row)[self._positive]) for name, row in agreed.items()}
        return float(self.config.calibration.probabilities(odds)), streams

    def _agreed(self, stream: StreamConfig, rows: npt.NDArray[np.float32]) -> Logits:
        if stream.consensus in LEARNED_CONSENSUS:
            return self.engine.agreed(stream.modality, rows)
        return fixed_consensus(stream, rows)


def fixed_consensus(stream: StreamConfig, rows: Logits) -> Logits:
    """Return what snippets agree on by a consensus that learns nothing, as ``Consensus`` does.

    Args:
        stream: With one of the kinds ``avg``, ``sum``, ``max``, ``topk`` and ``identity``.
        rows: Logits ``(snippets, classes)``.

    Returns:
        ``(classes,)``; with ``identity`` ``rows``.
    """
    if stream.consensus == "identity":
        return rows
    if stream.consensus == "max":
        agreed: Logits = rows.max(0)
    elif stream.consensus == "topk":
        agreed = np.sort(rows, 0)[-stream.consensus_k :].mean(0)
    elif stream.consensus == "sum":
        agreed = np.float32(stream.num_segments) * rows.mean(0)
    else:
        agreed = rows.mean(0)
    return agreed
