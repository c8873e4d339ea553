"""The steps of a pose stream's training: its schedule, what is drawn, what is refused.

In: bags of drawn clips. Out: nothing but assertions.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from skeleton_clips import FALL, skeletons
from slipdetect.errors import TrainingError
from slipdetect.lab.data import Clip
from slipdetect.lab.pose.bags import Bag, Bags, ClipBag, bag_of, training_bags
from slipdetect.lab.pose.held_out import HeldOut
from slipdetect.lab.pose.run import calibrated
from slipdetect.lab.pose.settings import PoseSettings
from slipdetect.lab.pose.training import Member, Pools, generator, one_cycle
from slipdetect.people.network import PoseNetwork

TINY = PoseSettings(pictures=7, channels=4, positives=3, negatives=4, epochs=2, steps=4)
NONE = Bags([], [])


def clip_bags(each: int = 4) -> list[ClipBag]:
    return [
        ClipBag(
            Clip(Path(f"{seed}"), seed % 2 == 0, (FALL,) if seed % 2 == 0 else ()),
            bag_of(skeletons(seed % 2 == 0, seed), TINY.pictures, TINY.rate),
        )
        for seed in range(2 * each)
    ]


@pytest.fixture(scope="module")
def bags() -> Bags:
    return training_bags(clip_bags())


@pytest.mark.parametrize(("total", "warm_up"), [(350, 0.15), (20, 0.3), (7, 0.5)])
def test_the_schedule_is_that_of_torch(total: int, warm_up: float) -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.AdamW([parameter], lr=0.5)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 0.5, total_steps=total, pct_start=warm_up
    )
    for step in range(total):
        group = optimizer.param_groups[0]
        rate, momentum = one_cycle(step, total, warm_up)
        assert rate * 0.5 == pytest.approx(group["lr"], rel=1e-9, abs=1e-12)
        assert momentum == pytest.approx(group["betas"][0], rel=1e-9)
        optimizer.step()
        if step < total - 1:
            schedule.step()


@pytest.mark.parametrize(("total", "warm_up"), [(10, 0.1), (10, 0.0), (10, 1.0), (1, 0.15)])
def test_a_rise_without_steps_is_none(total: int, warm_up: float) -> None:
    rates = [one_cycle(step, total, warm_up)[0] for step in range(total)]
    assert max(rates) <= 1
    assert min(rates) > 0
    assert rates == sorted(rates, reverse=warm_up < 1)


def of_one_value(value: float, count: int) -> Bag:
    windows = np.full((count, 11, 58), value, np.float32)
    return Bag(windows, np.arange(count), np.zeros(count), 1.2)


def test_a_step_draws_as_many_clips_and_windows_as_it_is_told() -> None:
    real = Bags([of_one_value(1, 9)], [of_one_value(2, 9)])
    made = Bags([of_one_value(3, 9)], [of_one_value(4, 9)])
    settings = replace(
        TINY,
        positives=40,
        negatives=60,
        simulated=0.25,
        windows_of_positive=5,
        windows_of_negative=3,
        simulated_of_positive=1,
        simulated_of_negative=2,
    )
    drawn = Pools(real, made).draw(settings, np.random.default_rng(0))
    assert drawn.labels.tolist() == [1.0] * 40 + [0.0] * 60
    kinds = [
        (float(drawn.windows[drawn.bag == number][0, 0, 0]), int((drawn.bag == number).sum()))
        for number in range(100)
    ]
    found = Counter(kinds)
    assert set(found) == {(1.0, 5), (3.0, 1), (2.0, 3), (4.0, 2)}
    assert found[3.0, 1] + found[4.0, 2] == pytest.approx(25, abs=12)
    assert found[1.0, 5] + found[3.0, 1] == 40


@pytest.mark.parametrize("which", ["real", "simulated"])
def test_one_kind_of_clips_is_enough(which: str) -> None:
    some = Bags([of_one_value(1, 9)], [of_one_value(2, 9)])
    pools = Pools(some, NONE) if which == "real" else Pools(NONE, some)
    drawn = pools.draw(TINY, np.random.default_rng(0))
    assert set(drawn.windows[:, 0, 0].tolist()) == {1.0, 2.0}


def test_long_clips_are_drawn_more_often_but_not_without_end() -> None:
    sizes = (1, 30, 600)
    pools = Pools(Bags([of_one_value(0, 1)], [of_one_value(n, n) for n in sizes]), NONE)
    settings = replace(TINY, positives=1, negatives=3000, windows_of_negative=1)
    drawn = pools.draw(settings, np.random.default_rng(0))
    counts = Counter(drawn.windows[drawn.bag > 0][:, 0, 0].tolist())
    weights = [1 + 1 / 30, 2.0, 6.0]
    for size, weight in zip(sizes, weights, strict=True):
        assert counts[float(size)] / 3000 == pytest.approx(weight / sum(weights), abs=0.03)


def test_draws_depend_on_seed_network_and_step() -> None:
    first = {
        generator(*numbers).integers(2**63)
        for numbers in ((0, 0, 1), (0, 1, 0), (1, 0, 0), (0, 0, 0), (1, 1, 1))
    }
    assert len(first) == 5
    assert generator(3, 2, 1).random() == generator(3, 2, 1).random()


def test_training_tells_falls_from_walks(bags: Bags) -> None:
    settings = replace(TINY, epochs=1, steps=80, channels=8, lr=5e-3, dropout=0.0)
    member, pools = Member(0, settings), Pools(bags, NONE)
    figures = [member.learn(pools) for _ in range(settings.steps)]
    last, first = (np.mean([loss for loss, _ in part]) for part in (figures[-10:], figures[:10]))
    assert last < first / 2
    others = clip_bags(8)[8:]
    held_out = HeldOut(others, settings.rate)
    odds = held_out.log_odds(lambda seen: member.log_odds(torch.from_numpy(seen)).numpy())
    _, accuracy, area = held_out.judged(odds)
    assert area == 1.0
    assert accuracy is not None
    assert accuracy >= 0.75


def test_what_was_drawn_elsewhere_changes_nothing(bags: Bags) -> None:
    """Nor does training change what torch draws for others."""
    pools, results = Pools(bags, NONE), []
    for seed in (1, 2):
        torch.manual_seed(seed)
        wanted = torch.rand(3)
        torch.manual_seed(seed)
        member = Member(0, TINY)
        figures = [member.learn(pools) for _ in range(3)]
        assert torch.equal(torch.rand(3), wanted)
        results.append((figures, {k: v.tolist() for k, v in member.weights().items()}))
    assert results[0] == results[1]


def test_a_loss_that_is_not_finite_ends_the_run(bags: Bags) -> None:
    member = Member(1, replace(TINY, lr=1e30))
    member.learn(Pools(bags, NONE))
    with pytest.raises(TrainingError, match=r"network 1 is not finite at step 1; lower lr"):
        member.learn(Pools(bags, NONE))


def test_a_clip_is_judged_by_its_surest_window() -> None:
    items = clip_bags(2)
    empty = items[0].bag.only(np.zeros(len(items[0].bag), bool))
    items.append(ClipBag(Clip(Path("nobody"), True), empty))
    held_out = HeldOut(items, TINY.rate)
    surest = [2.0, -3.0, -1.0, 0.5]  # of fall, walk, fall, walk
    odds = np.concatenate(
        [
            [each] + [each - 1] * (len(item.bag) - 1)
            for each, item in zip(surest, items, strict=False)
        ]
    )
    loss, accuracy, area = held_out.judged(odds)
    wanted = [np.log1p(np.exp(-x)) for x in (2.0, 3.0, -1.0, -0.5)]
    assert loss == pytest.approx(sum(wanted) / 4)
    # right: the first fall and the first walk; nobody found means no fall
    assert accuracy == 2 / 5
    # the falls at 2, -1 and below all others, against walks at -3 and 0.5: three pairs of six
    assert area == pytest.approx(3 / 6)
    assert held_out.unseen == 1
    assert HeldOut([], 5.0).judged(np.zeros(0)) == (None, None, None)


def test_calibration_goes_into_the_last_layer() -> None:
    settings = replace(TINY, members=2)
    members = [Member(number, settings) for number in range(2)]
    weights = {
        f"{n}.{k}": 3 * v.numpy()
        for n, member in enumerate(members)
        for k, v in member.weights().items()
    }
    held_out = HeldOut(clip_bags(12), TINY.rate)
    before = held_out.log_odds(PoseNetwork(weights, "before").log_odds)
    fitted = held_out.calibration(before)
    after = held_out.log_odds(PoseNetwork(calibrated(weights, held_out), "after").log_odds)
    assert not fitted.neutral
    # packages keep weights in 16 bits
    np.testing.assert_allclose(after, fitted.odds(before), atol=0.02 * np.abs(before).max())
    few = HeldOut(clip_bags(2), TINY.rate)
    assert few.calibration(np.zeros(few.windows)).neutral
