"""Policy files: TOML in, a `Policy` out, and every mistake named with its line and what was probably meant."""

from __future__ import annotations

import difflib
import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from rightful.errors import PolicyError
from rightful.policy.policy import Policy

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def read_policy(file: str | Path) -> Policy:
    """Read a policy file.

    Raises:
        PolicyError: the file is not there, is no TOML, or has a setting that is unknown or makes no sense.
            All mistakes are listed, each with its line.
    """
    path = Path(file)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(
            f"no policy can be read from {path}: {error}",
            hint="write one with: rightful policy init policy.toml",
            file=str(path),
        ) from error
    return parse_policy(text, name=str(path))


def parse_policy(text: str, *, name: str = "policy") -> Policy:
    """Read the text of a policy file; `name` is what messages call it."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{name} is no TOML: {error}", file=name) from error
    try:
        return Policy.model_validate(raw)
    except ValidationError as error:
        details = error.errors()
        if len(details) > 1:  # "too few sources" is what is left when every source has a mistake of its own
            details = [d for d in details if (d["type"], d["loc"]) != ("too_short", ("sources",))]
        problems = [_describe(detail, text) for detail in details]
        listed = "\n".join(f"  {name}:{line}: {what}" if line else f"  {name}: {what}" for line, what in problems)
        noun = "mistake" if len(problems) == 1 else "mistakes"
        raise PolicyError(
            f"{len(problems)} {noun} in the policy:\n{listed}",
            hint="rightful policy init writes a file with every setting explained",
            file=name,
            problems=[what for _, what in problems],
        ) from error


def _describe(detail: ErrorDetails, text: str) -> tuple[int, str]:
    where = [str(part) for part in detail["loc"]]
    line = _line_of(detail["loc"], text)
    label = ".".join(where) or "the file"
    if detail["type"] == "extra_forbidden":
        known = _names_at(detail["loc"][:-1])
        close = difflib.get_close_matches(where[-1], known, n=1, cutoff=0.5)
        meant = f"; did you mean {close[0]!r}?" if close else f"; known here: {', '.join(known)}"
        return line, f"unknown setting {label!r}{meant}"
    if detail["type"] == "missing":
        missing = "a [[sources]] section: where the records come from" if label == "sources" else repr(label)
        return line, f"missing {missing}"
    message = detail["msg"].removeprefix("Value error, ")
    given = f" (given: {detail['input']!r})" if isinstance(detail["input"], str | int | float) else ""
    return line, f"{label}: {message}{given}"


def _names_at(where: tuple[int | str, ...]) -> list[str]:
    """List the settings a section knows, by walking the models."""
    model: type[BaseModel] = Policy
    for part in where:
        if isinstance(part, int):
            continue
        model = _model_in(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(argument) for argument in getattr(annotation, "__args__", ()))
    return next((model for model in inner if model), None)


_SECTION = re.compile(r"^\s*\[\[?([^\]]+)\]\]?")


def _line_of(where: tuple[int | str, ...], text: str) -> int:
    """Find the line a setting stands on: its section's, or the file's first key of that name; 0 if nowhere."""
    names = [part for part in where if isinstance(part, str)]
    wanted_index = next((part for part in where if isinstance(part, int)), 0)
    section: list[str] = []
    seen = -1
    best = 0
    for number, line in enumerate(text.splitlines(), start=1):
        header = _SECTION.match(line)
        if header:
            section = [part.strip().strip('"') for part in header[1].split(".")]
            seen += section == names[:1] and line.lstrip().startswith("[[")
            if section == names[: len(section)] and seen in {-1, wanted_index}:
                best = number
            continue
        inside = section == names[: len(section)] and (seen in {-1, wanted_index} or section != names[:1])
        key = line.partition("=")[0].strip().strip('"')
        if inside and len(names) > len(section) and key in {names[len(section)], ".".join(names[len(section) :])}:
            return number
    return best


def policy_template() -> str:
    """Give the text `rightful policy init` writes: every setting with its default, explained."""
    return resources.files("rightful.policy").joinpath("template.toml").read_text(encoding="utf-8")


def init_policy(file: str | Path) -> Path:
    """Write the template to a new file.

    Raises:
        PolicyError: the file is there already.
    """
    path = Path(file)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(policy_template())
    except FileExistsError:
        raise PolicyError(f"{path} is there already", hint="name another file, or delete it first") from None
    return path
