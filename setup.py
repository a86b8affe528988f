"""The name of wheels: with compiled kernels they are for one kind of machine, else for any."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel

KERNELS = Path(__file__).parent / "sezm_infer/_kernels"
BUILT_BEFORE = Path(__file__).parent / "build/lib/sezm_infer/_kernels"  # setuptools packs these too


class Wheel(bdist_wheel):
    """The kernels are a library of their own: any Python 3 can use them."""

    def finalize_options(self) -> None:
        super().finalize_options()
        shutil.rmtree(BUILT_BEFORE, ignore_errors=True)
        self.root_is_pure = not any(KERNELS.glob("*"))

    def get_tag(self) -> tuple[str, str, str]:
        return ("py3", "none", super().get_tag()[2])


setup(cmdclass={"bdist_wheel": Wheel})
