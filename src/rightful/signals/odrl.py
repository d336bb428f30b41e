"""JSON-LD as ODRL 2.2 documents are written in: one value or several, names short, prefixed or whole.

No general JSON-LD: what is written in other ways is given as it stands, and whoever reads it does not know it. Contexts
are not fetched; that of ODRL and the prefixes `odrl` and `tdm` are known, others are taken from the document itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rightful.facts.statement import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ODRL, _TDM = "www.w3.org/ns/odrl/2", "www.w3.org/ns/tdmrep"
_OURS = (_ODRL, _TDM)
# A member that stands for a value: JSON-LD's own, and that of ODRL's longer form of an action.
_VALUES = ("@id", "@value", "rdf:value", "http://www.w3.org/1999/02/22-rdf-syntax-ns#value")
_BESIDE_VALUES = {"@type", "@language", "uid"}
_STEPS = 4
_LONGEST_IRI = 200  # characters; no name that is known is as long, and the cut mark keeps one from becoming so
# Members that take something away from a permission: whatever namespace they are put in, they are not passed over.
_RESTRICTING = {
    "prohibition", "obligation", "duty", "constraint", "refinement", "assignee", "consequence", "remedy", "inheritFrom",
    "conflict",
}  # fmt: skip


def entries(value: Any) -> list[Any]:
    """Give a value as several: JSON-LD writes one, or an array; null is none."""
    return [one for one in (value if isinstance(value, list) else [value]) if one is not None]


def unique_members(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its members; what is repeated adds up, so that nothing that was written is lost."""
    found: dict[str, Any] = dict(pairs)
    if len(found) == len(pairs):
        return found
    gathered: dict[str, list[Any]] = {}
    for name, value in pairs:
        gathered.setdefault(name, []).extend(entries(value))
    return dict(gathered)


class Names:
    """The names of a document: `tdm:mine`, `http://www.w3.org/ns/tdmrep#mine` and `mine` are one.

    Args:
        nodes: the outermost objects; their contexts define terms and prefixes.
    """

    def __init__(self, nodes: Iterable[dict[str, Any]]) -> None:
        self._terms = {"odrl": f"http://{_ODRL}/", "tdm": f"http://{_TDM}#"}
        for node in nodes:
            for context in entries(node.get("@context")):
                for term, value in context.items() if isinstance(context, dict) else ():
                    iri = value.get("@id") if isinstance(value, dict) else value
                    if isinstance(iri, str):
                        # Thousands of names may begin with one term: each would be as long as what it stands for.
                        self._terms[term] = iri if len(iri) <= _LONGEST_IRI else f"{iri[:_LONGEST_IRI]}…"

    def local(self, value: Any) -> str:
        """Give a name without namespace where it is of ODRL or TDMRep, and whole where it is not.

        Empty for what is no name: a number, or an object that says more than a name.
        """
        name = self.text(value)
        for _ in range(_STEPS):
            prefix, colon, rest = name.partition(":")
            if name in self._terms:
                name = self._terms[name]
            elif colon and prefix in self._terms and not rest.startswith("//"):
                # A namespace written without its last character is a common slip.
                name = f"{self._terms[prefix].rstrip('#/')}#{rest}"
            else:
                break
        bare = name.removeprefix("http://").removeprefix("https://")
        for namespace in _OURS:
            rest = bare.removeprefix(namespace)
            if rest != bare and rest[:1] in {"#", "/"}:
                return rest[1:]
        return name

    def profile(self, value: Any) -> bool:
        """Tell whether a value names the profile of TDMRep."""
        name = self.text(value)
        return self._terms.get(name, name).rstrip("#/").removeprefix("http://").removeprefix("https://") == _TDM

    def text(self, value: Any) -> str:
        """Give a value as it is written; empty where it is no text, or an object that says more than one value."""
        for _ in range(_STEPS):
            if not isinstance(value, dict):
                break
            held = [key for key in value if key in _VALUES]
            if len(held) != 1 or not value.keys() <= {*held, *_BESIDE_VALUES}:
                return ""
            value = value[held[0]]
            if isinstance(value, list) and len(value) == 1:
                value = value[0]
        return shown(value[:1000]) if isinstance(value, str) else ""


def fields(node: dict[str, Any], names: Names) -> dict[str, list[Any]]:
    """Give the members of an object by their names (`Names.local`), each as several values (`entries`)."""
    found: dict[str, list[Any]] = {}
    for key, value in node.items():
        last = key.replace("#", ":").replace("/", ":").rpartition(":")[2]
        found.setdefault(last if last in _RESTRICTING else names.local(key), []).extend(entries(value))
    return found


def only(found: dict[str, list[Any]], known: set[str]) -> str:
    """Give the first member that is of ODRL or of JSON-LD and not known; those of other vocabularies only describe."""
    return next((name for name in found if name not in known and ":" not in name), "")
