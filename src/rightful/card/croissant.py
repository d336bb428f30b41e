"""`croissant.json`: the data set in MLCommons Croissant 1.1, with where it came from (PROV-O)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from rightful.card.render import hub_licence, single_licence

if TYPE_CHECKING:
    from rightful.ledger.run_directory import RunDirectory

_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "arrayShape": "cr:arrayShape",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant(facts: dict[str, Any], run: RunDirectory) -> str:
    """Write the file. Nested columns are described down to the label's fields; others by name and type."""
    identity, made = facts["identity"], facts["made"]
    funnel = facts["funnel"]
    value: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": _identifier(identity["title"]),
        "description": identity["description"]
        or f"{identity['title']}: {funnel['admit']} of {funnel['records']} records admitted; see README.md.",
        "version": identity["version"],
        "license": _licence(facts),
        "url": "https://huggingface.co/datasets",
        "datePublished": (made["reference_time"] or "1970-01-01")[:10],
        "isLiveDataset": False,
        "rai:dataPreprocessingProtocol": (
            f"{made['tool']}, ruleset {made['ruleset']}, policy {made['policy']['id']}: "
            f"{funnel['exclude']} records excluded, {funnel['hold']} held; every decision is in rightful/ledger."
        ),
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "prov:label": "screening",
            "prov:used": [made["snapshot"]["id"], *([made["register"]["version"]] if made["register"] else [])],
            "prov:wasAssociatedWith": {"@type": "prov:SoftwareAgent", "prov:label": made["tool"]},
        },
        "prov:wasDerivedFrom": [f"sha256:{file['sha256']}" for file in facts["inputs"]],
        "distribution": [_file_object(file.path, file.sha256, file.octets) for file in run.manifest.data],
        "recordSet": [],
    }
    if facts["diversity"]:
        value["rai:dataBiases"] = _biases(facts["diversity"])
    if identity["provider"]:
        value["creator"] = {"@type": "sc:Organization", "name": identity["provider"]}
    files = run.data_files()
    if files:
        fields = [_field(field) for field in pq.read_schema(files[0])]
        value["distribution"].append(
            {
                "@type": "cr:FileSet",
                "@id": "data",
                "encodingFormat": "application/vnd.apache.parquet",
                "includes": "data/*.parquet",
            }
        )
        value["recordSet"] = [{"@type": "cr:RecordSet", "@id": "records", "name": "records", "field": fields}]
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _biases(diversity: dict[str, Any]) -> str:
    """Say what opt-outs did to the distribution of the records."""
    told = [
        f"{name} {row['divergence']}" for name, row in diversity["by"].items() if row and row["divergence"] is not None
    ]
    return (
        f"Opt-outs took {diversity['before'] - diversity['after']} of {diversity['before']} records; Jensen-Shannon "
        f"divergence (base 2) between before and after: {', '.join(told) or 'not measured'}; "
        f"{'at or above' if diversity['alert'] else 'below'} what the policy alerts at."
    )


def _identifier(title: str) -> str:
    return "".join(char if char.isalnum() else "-" for char in title).strip("-") or "dataset"


def _licence(facts: dict[str, Any]) -> str:
    hub = hub_licence(facts)
    row = single_licence(hub) if hub else None
    listed = row is not None and not row.spdx.startswith("LicenseRef-")
    return f"https://spdx.org/licenses/{row.spdx}" if row and listed else "LICENSE.md"


def _file_object(path: str, sha256: str, octets: int) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "contentUrl": path,
        "contentSize": f"{octets} B",
        "encodingFormat": "application/vnd.apache.parquet",
        "sha256": sha256,
    }


def _field(field: pa.Field, parent: str = "") -> dict[str, Any]:
    name = f"{parent}/{field.name}" if parent else field.name
    inner = field.type
    value: dict[str, Any] = {"@type": "cr:Field", "@id": f"records/{name}", "name": name}
    if pa.types.is_list(inner) or pa.types.is_large_list(inner):
        value["repeated"] = True
        inner = inner.value_type
    if pa.types.is_struct(inner):
        value["subField"] = [_field(child, name) for child in inner]
    else:
        value["dataType"] = _data_type(inner)
    if not parent:
        value["source"] = {"fileSet": {"@id": "data"}, "extract": {"column": field.name}}
    return value


def _data_type(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "sc:Float"
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "sc:DateTime"
    return "sc:Text"
