"""The branches of a multitask checkpoint, and the choice of one (sezm.md 1.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import CheckpointError

DEFAULT = "Default"
"""Stands for the branch of a single-task checkpoint, and for the one to take if none is named."""

Params = Mapping[str, Any]


def branches_of(params: Params) -> dict[str, Params]:
    """Options of each branch by its name; none of a single-task checkpoint.

    Raises:
        CheckpointError: they are not what a trainer writes.
    """
    if "model_dict" not in params:
        return {}
    branches = params["model_dict"]
    if not isinstance(branches, Mapping) or not branches:
        raise CheckpointError(
            f"model_dict = {branches!r} is no table of branches; get a good copy of the checkpoint"
        )
    for name, options in branches.items():
        if not isinstance(name, str) or not isinstance(options, Mapping):
            raise CheckpointError(
                f"branch {name!r} of model_dict holds a {type(options).__name__}, expected a name "
                "and a table of options; get a good copy of the checkpoint"
            )
    return dict(branches)


def select_branch(params: Params, head: str | None) -> tuple[Params, str | None]:
    """Options and name of a branch; the name is None in a single-task checkpoint.

    Args:
        params: the model section.
        head: the branch's name or alias, in any case if that is unique; None for the default.

    Raises:
        CheckpointError: no branch, or several, have this name; the text lists them all.
    """
    branches = branches_of(params)
    if not branches:
        if head is not None and head.lower() != DEFAULT.lower():
            raise CheckpointError(
                f"head {head!r} asked for, but this is a single-task checkpoint; leave --head out"
            )
        return params, None
    wanted = DEFAULT if head is None else head
    found = _named(branches, wanted)
    if len(found) != 1:
        asked = "no head was given" if head is None else f"head {head!r} does not exist"
        if found:
            asked = f"head {wanted!r} may be any of {', '.join(found)}"
        raise CheckpointError(f"{asked}; choose --head from: {', '.join(sorted(branches))}")
    return branches[found[0]], found[0]


def default_branch(branches: Mapping[str, Params]) -> str | None:
    """Name of the branch to take if none is named, if there is one."""
    found = _named(branches, DEFAULT)
    return found[0] if len(found) == 1 else None


def _named(branches: Mapping[str, Params], wanted: str) -> list[str]:
    """Branches of the best kind of match that any has."""
    if wanted in branches:
        return [wanted]
    by_alias = [name for name in branches if wanted in _aliases(name, branches[name])]
    return by_alias or [
        name
        for name, options in branches.items()
        if wanted.lower() in (text.lower() for text in (name, *_aliases(name, options)))
    ]


def _aliases(name: str, options: Params) -> Iterator[str]:
    aliases = options.get("model_branch_alias") or []
    if not isinstance(aliases, list | tuple) or not all(isinstance(a, str) for a in aliases):
        raise CheckpointError(
            f"model_branch_alias = {aliases!r} of branch {name!r}: expected a list of names; get "
            "a good copy of the checkpoint"
        )
    return iter(aliases)
