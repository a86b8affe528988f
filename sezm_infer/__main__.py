"""``python -m sezm_infer`` is ``sezm``."""

from .cli import main

main(prog_name="python -m sezm_infer")
