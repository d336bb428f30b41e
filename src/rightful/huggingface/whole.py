"""Whole datasets screened: the admitted records, labelled, and a ledger of every decision."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from rightful.errors import InputError, MissingExtraError
from rightful.huggingface.holders import measured
from rightful.huggingface.rights_filter import LEDGER_SCHEMA, RIGHTS_NAME, RightsFilter
from rightful.screening.labels import RIGHTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from datasets import Dataset, DatasetDict, Features, IterableDataset, IterableDatasetDict

    from rightful.policy.policy import Policy
    from rightful.register.export import Register
    from rightful.screening.columns import Columns
    from rightful.snapshot.store import Snapshot

AnyDataset = TypeVar("AnyDataset", bound="Dataset | DatasetDict | IterableDataset | IterableDatasetDict")

ROWS_A_BATCH = 10_000
_OCTETS_A_BATCH = 128 << 20  # long texts and images make batches shorter than they are asked to be


class Screened(NamedTuple, Generic[AnyDataset]):
    """What came of screening.

    Attributes:
        kept: the admitted records (with `drop=False` all records), labelled; of the type that was given.
        ledger: one row per record of the input, in its order, with the decision and no text; of the same type.
    """

    kept: AnyDataset
    ledger: AnyDataset


def screen(
    dataset: AnyDataset,
    policy: Policy | str | Path,
    snapshot: Snapshot | str | Path,
    register: Register | str | Path | None = None,
    *,
    columns: Columns | None = None,
    drop: bool = True,
    batch_size: int = ROWS_A_BATCH,
    num_proc: int | None = None,
) -> Screened[AnyDataset]:
    """Screen a dataset: keep what is admitted, label it, and write down the decision about every record.

    Every record is decided once: into a narrow dataset of decisions first, which the ledger is a view of and the
    labels are taken from. The result has no indices mapping; where the input has one (it was shuffled, sorted, selected
    from), its rows are first written in their order. The format is the input's, with the label among the columns that
    are shown. Iterable datasets stay lazy: `kept` and `ledger` are computed as they are read, each by itself, in the
    process that reads.

    Args:
        dataset: a Dataset, DatasetDict, IterableDataset or IterableDatasetDict.
        policy: a policy, or the path of a policy file.
        snapshot: a snapshot, or the path of a store.
        register: an exported register, or its path; None where no opt-outs were received.
        columns: which column is what; None: found by the policy and the usual names.
        drop: False keeps held and excluded records too; their label tells them.
        batch_size: rows decided at a time, fewer where rows are large; no decision depends on it.
        num_proc: processes, as for `Dataset.map`.

    Raises:
        MissingColumnError: a column that the policy needs is not there.
        ColumnConflictError: there is a column of the label's name, and it is not ours.
        MissingExtraError: `datasets` is not installed.
        InputError: this is no dataset.
    """
    rights = _rights(dataset, RightsFilter(policy, snapshot, register, columns=columns))

    def one(split: Any) -> Screened[Any]:
        if isinstance(split, _datasets().IterableDataset):
            ledger = _stream_ledger(split, rights, batch_size)
            return Screened(_stream_kept(split, rights, batch_size, drop=drop), ledger)
        whole = _in_order(split, batch_size, num_proc)
        decided = _decided(whole, rights, batch_size, num_proc)
        kept = _shown_as(_kept(whole, decided, rights.label_name, batch_size, num_proc, drop=drop), split)
        return Screened(kept, decided.select_columns(LEDGER_SCHEMA.names))

    if not _has_splits(dataset):
        return one(dataset)
    splits = {name: one(split) for name, split in dataset.items()}
    kept, ledgers = ({name: done[part] for name, done in splits.items()} for part in (0, 1))
    return Screened(type(dataset)(kept), type(dataset)(ledgers))


def ledger(
    dataset: AnyDataset,
    policy: Policy | str | Path,
    snapshot: Snapshot | str | Path,
    register: Register | str | Path | None = None,
    *,
    columns: Columns | None = None,
    batch_size: int = ROWS_A_BATCH,
    num_proc: int | None = None,
) -> AnyDataset:
    """Decide without writing any records: the ledger that `screen` gives, to look at before screening.

    Arguments and errors are those of `screen`, which then takes these decisions from the cache.
    """
    rights = _rights(dataset, RightsFilter(policy, snapshot, register, columns=columns))

    def one(split: Any) -> Any:
        if isinstance(split, _datasets().IterableDataset):
            return _stream_ledger(split, rights, batch_size)
        whole = _in_order(split, batch_size, num_proc)
        return _decided(whole, rights, batch_size, num_proc).select_columns(LEDGER_SCHEMA.names)

    if not _has_splits(dataset):
        decisions: AnyDataset = one(dataset)
    else:
        decisions = type(dataset)({name: one(split) for name, split in dataset.items()})
    return decisions


def _rights(dataset: Any, rights: RightsFilter) -> RightsFilter:
    """Give the filter with the shares of rightsholders, where the dataset can be seen whole."""
    splits = list(dataset.values()) if _has_splits(dataset) else [dataset]
    return rights.with_holders(measured(splits, rights))


def features_with_rights(features: Features, *, label: str = RIGHTS_NAME) -> Features:
    """Give features with the label column, last unless it was there: for `ds.map(f.label, features=...)`."""
    kind = _datasets().Features
    return kind({**features, label: kind.from_arrow_schema(pa.schema([(label, RIGHTS)]))[label]})


def _datasets() -> Any:
    try:
        import datasets  # two seconds, and an extra: only where it is needed
    except ImportError as error:
        raise MissingExtraError.named("datasets", needs="the Hugging Face datasets library") from error
    return datasets


def _has_splits(dataset: Any) -> bool:
    known = _datasets()
    if isinstance(dataset, known.DatasetDict | known.IterableDatasetDict):
        return True
    if isinstance(dataset, known.Dataset | known.IterableDataset):
        return False
    raise InputError(f"{type(dataset).__name__} is no dataset", hint="give a datasets.Dataset, or a dict of splits")


def _ledger_features(*more: pa.Field) -> Features:
    return _datasets().Features.from_arrow_schema(pa.schema([*LEDGER_SCHEMA, *more]))


def _mapped(dataset: Any, function: Callable[[pa.Table], pa.Table], features: Features, rows: int, **how: Any) -> Any:
    """Map Arrow tables; with no rows `map` gives back its input, so the features are put on by hand."""
    if not len(dataset):
        info = dataset.info.copy()
        info.features = features
        nothing: dict[str, list[Any]] = {name: [] for name in features}
        return _datasets().Dataset.from_dict(nothing, features=features, info=info, split=dataset.split)
    octets = dataset.data.nbytes // max(dataset.data.num_rows, 1)
    rows = min(rows, max(_OCTETS_A_BATCH // max(octets, 1), 1))
    mapped = dataset.with_format("arrow").map(
        function, batched=True, batch_size=rows, writer_batch_size=rows, features=features, **how
    )
    return mapped.with_format(None)


def _in_order(dataset: Any, rows: int, num_proc: int | None) -> Any:
    """Write rows in the order of their indices mapping, once: everything after it reads them in sequence."""
    if getattr(dataset, "_indices", None) is None:
        return dataset.with_format(None)
    return _mapped(dataset, _same, dataset.features, rows, num_proc=num_proc, desc="rightful: rows in order")


def _decided(dataset: Any, rights: RightsFilter, rows: int, num_proc: int | None) -> Any:
    read = _columns_read(dataset, rights)
    features = _ledger_features(pa.field(RIGHTS_NAME, RIGHTS))
    narrow = dataset.select_columns(read or dataset.column_names[:1])
    return _mapped(narrow, rights.decisions, features, rows, num_proc=num_proc, desc="rightful: decisions")


def _kept(dataset: Any, decided: Any, label: str, rows: int, num_proc: int | None, *, drop: bool) -> Any:
    features = features_with_rights(dataset.features, label=label)
    if not len(dataset):
        return _mapped(dataset, _same, features, rows)
    records = dataset.remove_columns(label) if label in dataset.column_names else dataset
    labels = decided.select_columns(RIGHTS_NAME)
    if label != RIGHTS_NAME:
        labels = labels.rename_column(RIGHTS_NAME, label)
    info = dataset.info.copy()
    info.features = None  # those of both sides together, which follow from the tables
    beside = _datasets().concatenate_datasets([records, labels], info=info, split=dataset.split, axis=1)
    beside = beside.select_columns(list(features))
    if not drop:
        return beside
    only = functools.partial(_admitted, label=label)
    return _mapped(beside, only, features, rows, num_proc=num_proc, desc="rightful: admitted records")


def _stream_kept(dataset: Any, rights: RightsFilter, rows: int, *, drop: bool) -> Any:
    _columns_read(dataset, rights)  # what is missing is said now, not when the first batch is read
    function = rights.label_and_drop if drop else rights.label
    if dataset.features is None:
        # Python batches: Arrow ones get a type each from their own values, and `datasets` cannot join those.
        kept = dataset.with_format(None).map(function, batched=True, batch_size=rows)
    else:
        features = features_with_rights(dataset.features, label=rights.label_name)
        kept = dataset.with_format("arrow").map(function, batched=True, batch_size=rows, features=features)
    return kept.with_format(getattr(getattr(dataset, "_formatting", None), "format_type", None))


def _stream_ledger(dataset: Any, rights: RightsFilter, rows: int) -> Any:
    features = _ledger_features()
    if dataset.features is None:
        lists = functools.partial(_ledger_lists, rights)
        mapped = dataset.with_format(None).map(lists, batched=True, batch_size=rows)
        return mapped.select_columns(LEDGER_SCHEMA.names).cast(features)
    read = _columns_read(dataset, rights)
    narrow = dataset.select_columns(read) if read else dataset
    mapped = narrow.with_format("arrow").map(rights.ledger, batched=True, batch_size=rows, features=features)
    return mapped.with_format(None)


def _columns_read(dataset: Any, rights: RightsFilter) -> list[str]:
    """Name the columns that decisions are made of; none where a stream's columns are not known beforehand."""
    if dataset.features is None:
        return []
    paths = rights.columns_of(dataset.features.arrow_schema.remove_metadata()).used().values()
    return list(dict.fromkeys(path if path in dataset.features else path.partition(".")[0] for path in paths))


def _shown_as(kept: Any, original: Any) -> Any:
    """Restore the format; where it shows some of the columns only, the label is one of them."""
    shown = original.format
    columns: list[str] | None = None
    if set(shown["columns"]) != set(original.column_names):
        added = [name for name in kept.column_names if name not in original.column_names]
        columns = [*shown["columns"], *([] if shown["output_all_columns"] else added)]
    return kept.with_format(
        shown["type"], columns=columns, output_all_columns=shown["output_all_columns"], **shown["format_kwargs"]
    )


def _same(table: pa.Table) -> pa.Table:
    return table


def _admitted(table: pa.Table, label: str) -> pa.Table:
    return table.filter(pc.equal(pc.struct_field(table[label], "admission"), "admit"))


def _ledger_lists(rights: RightsFilter, batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
    lists: dict[str, list[Any]] = rights.ledger(batch).to_pydict()
    return lists
