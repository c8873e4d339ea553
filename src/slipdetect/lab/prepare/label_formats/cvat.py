"""CVAT for video 1.1: tracks of boxes and other shapes by frame.

In: the XML. Out: a label for every stretch of frames in which a track's thing is in the picture. A
shape with ``outside="1"`` says that from its frame on there is nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from slipdetect.lab.prepare.label_formats.label_file import Label, LabelFile, LabelSet, number

NAME = "CVAT"


def recognizes(file: LabelFile) -> bool:
    return file.xml.tag == "annotations" and file.xml.find("meta") is not None


def read(file: LabelFile) -> LabelSet:
    root = file.xml
    if root.find("track") is None and root.find("image") is not None:
        raise file.broken(
            "it is of the kind 'CVAT for images', whose pictures have no times; export the task"
            " as 'CVAT for video 1.1'"
        )
    videos = _videos(root)
    if not videos:
        raise file.broken("it names no video, which exports of a job lack; export its task")
    found = LabelSet(videos=list(videos.values()), bare=True)
    begins = _begins(root)
    tasks = {track.get("task_id", "") for track in root.iter("track")}
    only = next(iter(videos.values())) if len(videos) == 1 else None
    for track in root.iter("track"):
        name, task = track.get("label", ""), track.get("task_id", "")
        # a video beside the tasks is of them all where they are one
        fallback = only if not task or ("" in videos and len(tasks) == 1) else None
        video = videos.get(task) or fallback
        if video is None:
            raise file.broken(f"track {track.get('id')} is of no task that is named")
        where, begin = f"{file.where} track {track.get('id')}", begins.get(task, 0.0)
        if begin is None:
            raise file.broken(f"no size of the tasks before task {task} tells its first frame")
        for start, end in _stretches(file, where, track):
            if start < begin:
                raise file.broken(f"{where} has frame {start:g}, before its task's {begin:g}")
            label = Label(where, video, name, start - begin, end - begin, frames=True)
            found.labels.append(label)
    return found


def _begins(root: ElementTree.Element) -> dict[str, float | None]:
    """Return the frame that the video of each task of a project begins at.

    Frames of a project are numbered over all tasks of a subset, in the order of the file
    (``ProjectData`` of CVAT's ``dataset_manager/bindings.py``). None where a size is missing.
    """
    found: dict[str, float | None] = {}
    ends: dict[str, float | None] = {}
    for project in root.iter("project"):
        for task in project.iter("task"):
            subset = task.findtext("subset", "")
            begin = found[task.findtext("id", "")] = ends.get(subset, 0.0)
            size, first = number(task.findtext("size")), number(task.findtext("start_frame") or 0)
            step = number(task.findtext("frame_filter", "").rpartition("step=")[2] or 1)
            if begin is None or size is None or first is None or step is None:
                ends[subset] = None
            else:
                ends[subset] = begin + first + step * size
    return found


def _videos(root: ElementTree.Element) -> dict[str, str]:
    """Return the video of each task, by its id; that of no task by an empty one."""
    found = {each.findtext("id", ""): _source(each) for each in root.iter("task") if _source(each)}
    if found:
        return found
    # a job has an id of its own and not that of its task
    beside = map(_source, (*root.iter("job"), *root.findall("meta")))
    sources = list(dict.fromkeys(filter(None, beside)))
    return {source if len(sources) > 1 else "": source for source in sources}


def _source(element: ElementTree.Element) -> str:
    return element.findtext("source", "").strip()


def _stretches(
    file: LabelFile, where: str, track: ElementTree.Element
) -> Iterator[tuple[float, float]]:
    """Yield the first frame of each stretch and the one behind its last."""
    shapes = []
    for shape in track:
        text = shape.get("frame", "")
        if not text.isdecimal() or len(text) > 9:
            raise file.broken(f"{where} has a shape without a frame")
        # of a skeleton each point says it
        told = shape.findall("points") if shape.tag == "skeleton" else [shape]
        shapes.append((int(text), all(each.get("outside") == "1" for each in told or [shape])))
    begun = last = None
    for frame, outside in sorted(shapes):
        if outside:
            if begun is not None:
                yield begun, frame
            begun = None
        elif begun is None:
            begun = frame
        last = frame
    if begun is not None and last is not None:
        yield begun, last + 1
