"""The training and data mining assertion of C2PA manifests (CAWG 1.1, DIF 2025-05-16; before that C2PA 1.x).

- Each entry has `use`: `allowed`, `notAllowed` or `constrained`; `constrained` without words is `notAllowed`.
- An absent entry says nothing. Entries may stand in `entries`, or beside it as in early drafts.
- Of all manifests and ingredients of a store the most restrictive stands: an asset is made of its ingredients.
- An entry can deny unsigned. It can allow only for the asset itself, and only where the signature was verified.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from rightful.facts.statement import Preference, Reading, Remark, Statement, Usage, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

PROTOCOL = "c2pa"
VERSION = "CAWG training-mining 1.1"
REMARKS = {
    "not-json": "the text is no JSON: what it holds could not be read",
    "legacy-label": "c2pa.training-mining is the label of C2PA 1.x; it is cawg.training-mining now",
    "no-entries": "an early form: the entries stand in the assertion itself, not in entries",
    "unreadable-entries": "the assertion or its entries are no map",
    "unknown-key": "the assertion has no entry of that name",
    "unknown-use": "use is allowed, notAllowed or constrained, in this spelling",
    "too-many": "there are more assertions, or places to look for them, than are read: the rest may be a refusal",
    "bare-use": "an entry is a map with use in it, not the word alone",
    "constrained-without-words": "constrained without constraint_info is notAllowed",
    "non-generative-only": "ai_training is about models that generate nothing: it denies, and is too little to permit",
    "unverified-allowance": "what is allowed counts only where the signature was verified, and for the asset itself",
    "invalid-manifest": "the reader of the manifest found it invalid: it permits nothing",
}

_SCALARS = frozenset({str, int, float, bool, type(None)})
_LISTS = (list, tuple)
_CONTAINERS = (dict, *_LISTS, Mapping)
LABELS = ("cawg.training-mining", "c2pa.training-mining")
_NAMES = {
    "data_mining": Usage.TRAIN,
    "ai_generative_training": Usage.TRAIN,
    "ai_training": Usage.TRAIN,
    "ai_inference": Usage.INPUT,
}
_KEYS = {f"{prefix}.{name}": usage for prefix in ("cawg", "c2pa") for name, usage in _NAMES.items()}
# The prose of the specification and its schema spell it differently.
_WORDS = ("constraint_info", "constraints_info")
_WHERE_CHARACTERS = 200
_MOST_ASSERTIONS = 1_000  # an asset has one, and so has each of its ingredients
_MOST_PLACES = 100_000  # maps and lists that are looked into; a megabyte of manifests has some ten thousand
_TOO_MANY = "too-many"  # in the place of a label
_MOST_REMARKS = 100  # an author who reads these has enough to do


class _Node(NamedTuple):
    """A place in the JSON.

    Attributes:
        value: what stands there.
        where: JSON path, cut, so that deep nesting costs no more than wide.
        label: label of the assertion it stands in; empty outside of all.
        own: it is about the asset itself and not about an ingredient.
    """

    value: Any
    where: str
    label: str
    own: bool

    def child(self, key: object, value: Any, *, label: str = "", own: bool = True) -> _Node:
        return _Node(value, f"{self.where}/{key}"[:_WHERE_CHARACTERS], label or self.label, self.own and own)


def in_manifest(manifest: object, *, valid_signature: bool = False) -> Reading:
    """Read an assertion, a manifest or a whole store of manifests; nothing else in it is looked at.

    Args:
        manifest: the JSON value, or its text.
        valid_signature: the caller verified the active manifest and trusts its signer; without it nothing is permitted.
    """
    value: Any = manifest
    if isinstance(manifest, str | bytes | bytearray):
        try:
            value = json.loads(manifest)
        except (ValueError, RecursionError):
            text = manifest[:1000] if isinstance(manifest, str) else bytes(manifest[:1000]).decode("utf-8", "replace")
            # What could not be read may have been a refusal.
            unread = Statement(PROTOCOL, Usage.TRAIN, Preference.ERROR, VERSION, "", shown(text))
            return Reading((unread,), (Remark("not-json", "", shown(text)),))
    statements: list[Statement] = []
    remarks: list[Remark] = []
    valid = valid_signature
    state = value.get("validation_state") if isinstance(value, Mapping) else ""
    if isinstance(state, str) and state.lower() == "invalid":
        remarks.append(Remark("invalid-manifest", "/validation_state", "Invalid"))
        valid = False
    bare = "entries" if isinstance(value, Mapping) and _is_bare(value) else ""
    for node in _first(_Node(value, "", "", own=True), bare):
        _read(node, statements, remarks, valid=valid)
    return Reading(tuple(dict.fromkeys(statements)), tuple(dict.fromkeys(remarks)))


def training_mining(manifest: object) -> str:
    """Give what the assertions in a manifest say of training and mining, as JSON that `in_manifest` reads alike.

    Empty where it has none; what cannot be read stays unreadable.
    """
    value: Any = manifest
    if isinstance(manifest, str | bytes | bytearray):
        try:
            value = json.loads(manifest)
        except (ValueError, RecursionError):
            return "not JSON"
    bare = "entries" if isinstance(value, Mapping) and _is_bare(value) else ""
    several = _first(_Node(value, "", "", own=True), bare)
    found = [{"label": _label(node.label) or LABELS[0], "data": _said(node.value)} for node in several]
    return json.dumps(found, ensure_ascii=False) if found else ""


def _said(data: Any) -> Any:
    """Give the entries of an assertion that are read, each with its use and its words."""
    if not isinstance(data, Mapping):
        return None
    entries = data.get("entries")
    said: dict[str, Any] = {key: _use(entry) for key, entry in data.items() if key in _KEYS}
    if isinstance(entries, Mapping):
        said["entries"] = {key: _use(entry) for key, entry in entries.items() if key in _KEYS}
    elif "entries" in data:
        said["entries"] = None
    return said


def _use(entry: Any) -> Any:
    if not isinstance(entry, Mapping):
        return _written(entry)
    words = _constraint(entry)
    return {"use": _written(entry.get("use"))} | ({_WORDS[0]: words} if words else {})


def _is_bare(value: Mapping[Any, Any]) -> bool:
    """Tell whether a value is the assertion's own data, without a label around it."""
    entries = value.get("entries")
    return any(key in _KEYS for key in value) or (isinstance(entries, Mapping) and any(k in _KEYS for k in entries))


def _label(name: object) -> str:
    """Give the label of an assertion without its instance number (`cawg.training-mining__2`)."""
    label = name.partition("__")[0] if isinstance(name, str) and name.startswith(LABELS) else ""
    return label if label in LABELS else ""


def _first(root: _Node, bare: str) -> Iterator[_Node]:
    """Give the assertions that are read; where there are more, an unreadable one, for they may hold a refusal."""
    for number, node in enumerate(_assertions(root, bare)):
        if number == _MOST_ASSERTIONS or node.label == _TOO_MANY:
            yield _Node(None, node.where, _TOO_MANY, own=True)
            return
        yield node


def _assertions(root: _Node, bare: str) -> Iterator[_Node]:
    """Give the data of every assertion, in the order it stands in; at last a place that is one too many, if it is."""
    if bare:
        yield root
    seen: set[tuple[int, bool]] = set()
    stack = [iter((root,) if _has_parts(root.value) else ())]
    while stack:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
        elif (id(node.value), node.own) not in seen:
            seen.add((id(node.value), node.own))
            if len(seen) > _MOST_PLACES:
                yield node._replace(label=_TOO_MANY)
                return
            if not isinstance(node.value, _LISTS):
                yield from _labelled(node)
            stack.append(_parts(node))


def _has_parts(value: Any) -> bool:
    """Tell whether there is something in a value. Most have nothing, and are not looked into."""
    return value.__class__ not in _SCALARS and isinstance(value, _CONTAINERS) and bool(value)


def _labelled(node: _Node) -> Iterator[_Node]:
    """Give the assertions that stand right here, in a map."""
    value = node.value
    label = _label(value.get("label"))
    if label and "data" not in value and _is_bare(value):
        yield _Node(value, node.where, label, node.own)
    for key, inner in value.items():
        named = label if label and key == "data" else _label(key)
        if named:
            yield node.child(key, inner, label=named)


def _parts(node: _Node) -> Iterator[_Node]:
    """Give the places to look into further."""
    value = node.value
    if isinstance(value, _LISTS):
        yield from (node.child(n, inner) for n, inner in enumerate(value) if _has_parts(inner))
        return
    label = _label(value.get("label"))
    for key, inner in value.items():
        if not _has_parts(inner) or _label(key) or (label and key == "data"):
            continue
        if key == "manifests":
            yield from _manifests(node.child(key, inner), value.get("active_manifest"))
        else:
            yield node.child(key, inner, own=key not in {"ingredients", "ingredient"})


def _manifests(node: _Node, active: object) -> Iterator[_Node]:
    """Give the manifests of a store; those that are not the active one belong to ingredients."""
    value = node.value
    alone = len(value) == 1 and not isinstance(active, str)
    named = isinstance(value, Mapping)
    for key, inner in value.items() if named else enumerate(value):
        if _has_parts(inner):
            called = key if named else inner.get("label") if isinstance(inner, Mapping) else None
            yield node.child(key, inner, own=alone or (isinstance(active, str) and called == active))


def _read(node: _Node, statements: list[Statement], remarks: list[Remark], *, valid: bool) -> None:
    """Read the data of one assertion."""
    node = node._replace(where=_writable(node.where))
    if node.label == LABELS[1]:
        remarks.append(Remark("legacy-label", node.where, node.label))
    data = node.value
    entries = data.get("entries") if isinstance(data, Mapping) else None
    if node.label == _TOO_MANY:
        remarks.append(Remark("too-many", node.where))
        statements.append(Statement(PROTOCOL, Usage.TRAIN, Preference.ERROR, VERSION, node.where))
        return
    if not isinstance(data, Mapping) or ("entries" in data and not isinstance(entries, Mapping)):
        remarks.append(Remark("unreadable-entries", node.where, _written(data)))
        statements.append(Statement(PROTOCOL, Usage.TRAIN, Preference.ERROR, VERSION, node.where, _written(data)))
    if not isinstance(data, Mapping):
        return
    beside = [(key, data[key], node.child(key, None).where) for key in data if key in _KEYS]
    if beside:
        remarks.append(Remark("no-entries", node.where, shown(", ".join(key for key, _, _ in beside))))
    found = list(beside)
    if isinstance(entries, Mapping):
        inside = node.child("entries", None)
        found += [(key, entry, inside.child(key, None).where) for key, entry in entries.items()]
    for key, entry, where in found:
        if key in _KEYS:
            statements.append(_entry(key, entry, where, remarks, permits=valid and node.own))
        elif isinstance(key, str) and key.startswith(("cawg.", "c2pa.")) and len(remarks) < _MOST_REMARKS:
            remarks.append(Remark("unknown-key", _writable(where), shown(key)))  # other prefixes are other people's own


def _entry(key: str, entry: Any, where: str, remarks: list[Remark], *, permits: bool) -> Statement:
    """Give what one entry says."""
    use = entry.get("use") if isinstance(entry, Mapping) else entry
    if isinstance(entry, str):
        remarks.append(Remark("bare-use", where, shown(entry[:1000])))
        permits = False
    preference, odd = _preference(use)
    words = _constraint(entry) if preference is Preference.CONDITIONAL else ""
    if preference is Preference.CONDITIONAL and not words:
        preference, odd = Preference.DENY, odd or "constrained-without-words"
    if odd:
        remarks.append(Remark(odd, where, _written(use)))
    if key.endswith(".ai_training"):
        remarks.append(Remark("non-generative-only", where, key))
        permits = False
    elif preference is Preference.ALLOW and not permits:
        remarks.append(Remark("unverified-allowance", where, key))
    text = shown(f"{key}: {_written(use)}" + (f" ({words})" if words else ""))
    conditions = (f"constraint:{words}",) if words else ()
    weak = preference is Preference.ALLOW and not permits
    return Statement(PROTOCOL, _KEYS[key], preference, VERSION, where, text, conditions, weak)


def _preference(use: Any) -> tuple[Preference, str]:
    """Read `use`, as it is kept, and give the remark it is worth. Refusals count in any spelling, allowances in one."""
    written = shown(use[:1000]) if isinstance(use, str) else ""
    if written == "allowed":
        return Preference.ALLOW, "" if use == written else "unknown-use"
    word = "".join(c for c in written[:40].lower() if c.isalpha())
    if word == "notallowed":
        return Preference.DENY, "" if use == "notAllowed" else "unknown-use"
    if word == "constrained":
        return Preference.CONDITIONAL, "" if use == "constrained" else "unknown-use"
    return Preference.ERROR, "unknown-use"


def _constraint(entry: Any) -> str:
    """Give the words of a constraint; empty where there are none."""
    given = (entry.get(name) for name in _WORDS) if isinstance(entry, Mapping) else ()
    return next((shown(words) for words in given if isinstance(words, str) and words.strip()), "")


def _writable(where: str) -> str:
    """Give a place as it can be written: a key may hold half a surrogate pair, and UTF-8 may not."""
    return where.encode("utf-8", "replace").decode()


def _written(value: Any) -> str:
    """Give a value as evidence; of a container only its kind, which may be large or hold itself."""
    if isinstance(value, str):
        return shown(value[:1000])
    return str(value) if value is None or isinstance(value, bool | float) else type(value).__name__
