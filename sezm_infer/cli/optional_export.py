"""The door to ``sezm_export``, which needs torch and is not always installed."""

from __future__ import annotations

from types import ModuleType

from ..errors import SezmError


def export_package() -> ModuleType:
    """The package ``sezm_export``.

    Raises:
        SezmError: torch or onnx is missing.
    """
    try:
        import sezm_export
    except ImportError as error:
        if error.name is not None and error.name.startswith("sezm"):
            raise  # a bug in here, not a missing package
        raise SezmError(
            f"exporting needs the package {error.name}, which is not installed; run "
            "pip install 'sezm-infer[export]'."
        ) from None
    return sezm_export
