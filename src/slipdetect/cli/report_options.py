"""What the options and files of the 2020 course report's programs are called here.

In: nothing. Out: ``TRAINING``, ``TESTING`` and ``FILES``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """What something is called there and here.

    Attributes:
        names: Its names there.
        here: Command lines that do the same here, such as can be typed.
        note: What else there is to know, or "".
    """

    names: tuple[str, ...]
    here: tuple[str, ...]
    note: str = ""


def make_word(names: str, *here: str, note: str = "") -> Word:
    """Return a word of ``names`` separated by ``|``, and command lines without ``slipdetect``."""
    return Word(tuple(names.split("|")), tuple(f"slipdetect {line}" for line in here), note)


TRAINING = (
    make_word("modality", "train --data clips.csv --modality flow", note="rgb, flow, rgbdiff"),
    make_word(
        "train_list|val_list|root_path",
        "prepare lists read --train rgb_train.txt --test rgb_test.txt --out clips.csv",
        note="the report's val_list is the test list; validation clips are others here",
    ),
    make_word("--arch", "train --data clips.csv --backbone resnet101"),
    make_word("--num_segments", "train --data clips.csv --set num_segments=3"),
    make_word(
        "--consensus_type",
        "train --data clips.csv --set consensus=avg",
        note="or any other of its words",
    ),
    make_word(
        "--k", "train --data clips.csv --set consensus=topk", note="the mean of the 3 largest"
    ),
    make_word("--dropout|--do", "train --data clips.csv --set dropout=0.8"),
    make_word(
        "--loss_type",
        "train --data clips.csv --set class_weights=balanced",
        note="always cross entropy; labels may be weighed",
    ),
    make_word("--epochs", "train --data clips.csv --epochs 50"),
    make_word("--batch-size|-b", "train --data clips.csv --batch-size 24 --set accumulate=4"),
    make_word("--lr|--learning-rate", "train --data clips.csv --lr 0.001"),
    make_word(
        "--lr_steps",
        "train --data clips.csv --set schedule=step --set lr_steps=20,60",
        note="ReduceLROnPlateau: --set schedule=plateau",
    ),
    make_word("--momentum", "train --data clips.csv --set optimizer=sgd --set momentum=0.9"),
    make_word("--weight-decay|--wd", "train --data clips.csv --set weight_decay=0.0005"),
    make_word("--clip-gradient|--gd", "train --data clips.csv --set clip_gradient=20"),
    make_word("--no_partialbn|--npb", "train --data clips.csv --set partial_bn=none"),
    make_word(
        "--print-freq|-p",
        "train --data clips.csv --tensorboard",
        note="progress is shown by itself, every epoch is in curves.csv",
    ),
    make_word(
        "--eval-freq|-ef",
        "train --data clips.csv",
        note="every epoch is validated; there is nothing to set",
    ),
    make_word("--workers|-j", "train --data clips.csv --workers 8"),
    make_word(
        "--resume|--start-epoch",
        "train --data clips.csv --out runs/x --resume",
        note="exact, from OUT's own checkpoint; --init-from MODEL begins with a model's weights",
    ),
    make_word("--evaluate|-e", "evaluate clips runs/x/best clips.csv --split val"),
    make_word("--snapshot_pref", "train --data clips.csv --out runs/x --name x"),
    make_word("--gpus", "train --data clips.csv --device cuda:1", note="several: torchrun"),
    make_word("--flow_prefix", "train --data clips.csv --store store"),
)

TESTING = (
    make_word("test_list", "evaluate clips runs/x/best clips.csv --split test"),
    make_word(
        "--test_segments|--test_crops", "evaluate clips runs/x/best clips.csv --protocol 25x10"
    ),
    make_word("--save_scores", "evaluate clips runs/x/best clips.csv --scores x.npz"),
    make_word(
        "--crop_fusion_type|--input_size",
        "models show runs/x/best",
        note="a model carries its own consensus and size",
    ),
)

FILES = (
    make_word(
        "video_data_668.zip|video_data_575.zip|video_data_475.zip",
        "prepare course2020 video_data_668.zip --out course668",
        note="frames and flow of the archive as they are, with the report's split",
    ),
    make_word(
        "668_resnet101_rgb_model_best.pth.tar|668_resnet101_flow_model_best.pth.tar",
        "models import 668_resnet101_rgb_model_best.pth.tar"
        " 668_resnet101_flow_model_best.pth.tar --out course2020",
    ),
    make_word(
        "model_best.pth.tar",
        "models import model_best.pth.tar --out old",
        "models export runs/x/best --stream rgb --out model_best.pth.tar",
        note="train leaves OUT/best",
    ),
    make_word(
        "checkpoint.pth.tar",
        "train --data clips.csv --out runs/x --resume",
        note="OUT/checkpoints, with the optimizer",
    ),
    make_word("rgb_train.csv|rgb_test.csv|opf_train.csv|opf_test.csv", "plot runs/x/curves.csv"),
    make_word(
        "spatial_video_preds.pickle|motion_video_preds.pickle",
        "convert-scores rgb=spatial_video_preds.pickle flow=motion_video_preds.pickle --frames 19"
        " --data clips.csv --out scores.npz",
        "convert-scores scores.npz --out preds/",
    ),
    make_word(
        "timeLable.json|timelabel.json",
        "replay videos/ --model course2020 --time-label labels/",
    ),
    make_word(
        "classInd.txt|trainlist01.txt|testlist01.txt|frame_count.pickle",
        "prepare lists write clips.csv --format ucf --frames --out lists/",
        "prepare lists read --train trainlist01.txt --test testlist01.txt --classes classInd.txt"
        " --out clips.csv",
    ),
    make_word("record/", "train --data clips.csv --out runs/x"),
)
