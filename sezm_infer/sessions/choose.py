"""Which file is run: the one that was named, or the best of a folder or beside a checkpoint."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import zoo
from ..measured import RECORD_NAME, recorded_times
from .beside import with_exported
from .folder import ExportedFile, ModelFile
from .named import named_file
from .one_model import files_of_folder
from .options import Options
from .sniff import FileKind, sniff

_logger = logging.getLogger("sezm_infer")


@dataclass(frozen=True)
class Choice:
    """The file that is run.

    Attributes:
        file: what is opened.
        reason: why this one; "" if there was nothing to choose from.
    """

    file: ModelFile
    reason: str = ""


def choose(model: str | Path, options: Options) -> Choice:
    """The file that a path, a folder or the name of a bundled model stands for.

    An exported file stands for itself. A folder, or a checkpoint, stands for the best of all files
    of the same model that can be run here: the fastest one if ``sezm bench --save`` has measured
    them on such a machine, else the first by ``ORDER``.

    Raises:
        SezmError: no such file or name, an option that does not fit, a folder without a model or
            with several.
    """
    files, given = alternatives(model, options), Path(model)
    if len(files) > 1:
        choice = _best(files, options)
    elif given.is_dir() or (given.is_file() and sniff(given) is not files[0].kind):
        choice = Choice(files[0], "the only file of its model that runs here")
    else:
        return Choice(files[0])
    _logger.info("%s: using %s, %s", model, choice.file.path, choice.reason)
    return choice


def alternatives(model: str | Path, options: Options) -> Sequence[ModelFile]:
    """All files that :func:`choose` has to choose from, by ``ORDER``; at least one.

    Raises:
        SezmError: as :func:`choose`.
    """
    options.check()
    path = zoo.resolve(model)
    if path.is_dir():
        return files_of_folder(path, options)
    kind = sniff(path)
    if kind is not FileKind.CHECKPOINT:
        return [named_file(path, kind, options)]
    checkpoint = ModelFile(path, kind)
    return [checkpoint] if options.eager else with_exported(checkpoint, options)


def _best(files: Sequence[ModelFile], options: Options) -> Choice:
    exported = [file.path for file in files if isinstance(file, ExportedFile)]
    folder = files[0].path.parent
    times = recorded_times(folder, options.device, options.threads, exported)
    if times is None:
        kind = files[0].kind.value
        return Choice(files[0], f"{kind} comes first where no 'sezm bench --save' says otherwise")
    fastest = min(files, key=lambda file: times.get(file.path.name, math.inf))
    return Choice(fastest, f"the fastest here by {RECORD_NAME}")
