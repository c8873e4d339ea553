"""The plans: trials shared between tables, and the report's rows and columns.

In: table names. Out: nothing but assertions.
"""

from __future__ import annotations

from slipdetect.lab.course2020.tables import TABLES, Trial


def trials(name: str) -> dict[str, Trial]:
    return {trial.key: trial for trial in TABLES[name].trials}


def test_table_6_is_five_backbones_by_three_modalities() -> None:
    table = TABLES["table6"]
    assert len(table.trials) == 15
    assert (len(table.rows), len(table.columns)) == (3, 5)
    wanted = {"rgb": "course2020-rgb", "flow": "course2020-flow", "rgbdiff": "course2020-rgbdiff"}
    assert all(trial.recipe == wanted[trial.modality] for trial in table.trials)


def test_table_7_fuses_the_runs_of_table_6() -> None:
    assert trials("table7") == trials("table6")
    weights = [row.cells[0].weights for row in TABLES["table7"].rows]
    assert weights == [(1, 1), (1, 1.5), (1, 1, 1), (1, 1.5, 1), None]
    for row in TABLES["table7"].rows:
        for cell in row.cells:
            assert len({trials("table7")[key].backbone for key in cell.trials}) == 1


def test_the_same_key_is_the_same_trial_in_every_table() -> None:
    found: dict[str, Trial] = {}
    for name in TABLES:
        for key, trial in trials(name).items():
            assert found.setdefault(key, trial) == trial
            assert found[key].changes == trial.changes
    assert set(trials("table3")) <= set(trials("table1"))
    assert len(set(trials("table2")) & set(trials("table1"))) == 4
    assert "two-stream-resnet101-rgb" in trials("segments")


def test_table_1_grows_as_the_report_grew() -> None:
    shares = sorted({trial.share for trial in trials("table1").values()})
    assert shares == [475 / 668, 525 / 668, 575 / 668, 1.0]


def test_segments_are_changed_only_where_the_recipe_has_others() -> None:
    changes = [dict(trial.changes) for trial in TABLES["segments"].trials]
    assert changes == [{"num_segments": 1}, {}, {"num_segments": 5}, {"num_segments": 10}]


def test_tables_name_their_own_trials_once_and_fill_their_columns() -> None:
    for table in TABLES.values():
        keys = [trial.key for trial in table.trials]
        assert len(set(keys)) == len(keys)
        for row in table.rows:
            assert len(row.cells) == len(table.columns)
            for cell in row.cells:
                assert set(cell.trials) <= set(keys)
                assert cell.weights is None or len(cell.weights) == len(cell.trials)
