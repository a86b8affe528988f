"""Which files are measured: those that were named, or all that could be run in their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .. import zoo
from ..errors import SezmError
from ..files import file_digest
from ..sessions.choose import alternatives
from ..sessions.folder import ExportedFile, ModelFile
from ..sessions.named import named_file
from ..sessions.options import Options
from ..sessions.sniff import FileKind, sniff


@dataclass(frozen=True)
class Entry:
    """A file, and how it is opened.

    Attributes:
        file: what is measured.
        options: those that fit it.
    """

    file: ModelFile
    options: Options

    @property
    def backend(self) -> str:
        """What runs the file."""
        kinds = {"AOTInductor": "compiled"}
        words = [kinds.get(self.file.kind.value, self.file.kind.value)]
        if isinstance(self.file, ExportedFile):
            words += ["static"] if self.file.metadata.static_sizes else []
            words += ["staged"] if self.file.metadata.stages else []
        return " ".join(words)


def entries(models: Sequence[str], options: Options) -> list[Entry]:
    """The files to be compared.

    Args:
        models: one folder or checkpoint, which stands for all files of the same model there that
            can be run here; or files of one model.
        options: how they are opened.

    Raises:
        SezmError: as :func:`~sezm_infer.open_session`; files of several models; a folder among
            several.
    """
    options.check()
    if len(models) == 1:
        files = list(alternatives(models[0], options))
    else:
        files = [_named(model, options) for model in dict.fromkeys(models)]
        _require_one_model(files)
    return [Entry(file, _fitting(file, options)) for file in files]


def _named(model: str, options: Options) -> ModelFile:
    """One file among several; precisions and heads may differ between them."""
    path = zoo.resolve(model)
    if path.is_dir():
        raise SezmError(f"{path}: a folder among several models; give a folder alone, or files.")
    kind = sniff(path)
    if kind is FileKind.CHECKPOINT:
        return ModelFile(path, kind)
    return named_file(path, kind, Options(options.device, options.threads))


def _fitting(file: ModelFile, options: Options) -> Options:
    """Precision, head and weights are chosen in checkpoints alone."""
    if isinstance(file, ExportedFile):
        return Options(options.device, options.threads)
    return replace(options, eager=True)


def _require_one_model(files: Sequence[ModelFile]) -> None:
    models = {_identity(file): file.path for file in files}
    if len(models) > 1:
        names = ", ".join(str(path) for path in models.values())
        raise SezmError(f"{names}: made from different checkpoints; give files of one model.")


def _identity(file: ModelFile) -> str:
    """What files of one model share."""
    if isinstance(file, ExportedFile):
        return file.metadata.checkpoint_sha256
    return file_digest(file.path)
