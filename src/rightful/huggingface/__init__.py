"""Hugging Face `datasets`: a callable for `filter` and `map`, and whole datasets screened.

    f = RightsFilter("policy.toml", "signals/", "register.arrow")
    ds.filter(f, batched=True)                      # any form: rows, batches, input_columns="url", arrow format
    ds.map(f.label, batched=True)                   # adds the `rights` column, drops nothing

    kept, ledger = screen(ds, "policy.toml", "signals/", "register.arrow")

`screen` is the form to prefer: it decides each record once, gives back the type it was given (Dataset, DatasetDict,
IterableDataset, IterableDatasetDict) without an indices mapping, and keeps the decision about every record, removed
ones included, in a ledger that holds no text. `filter` gives records only, and forgets why the others are missing.

Results are cached as `datasets` caches: the same policy, snapshot, register, columns and ruleset give the same
fingerprint in every process; another one of them decides anew.
"""

from __future__ import annotations

from rightful.huggingface.rights_filter import RightsFilter
from rightful.huggingface.whole import Screened, features_with_rights, ledger, screen

__all__ = ["RightsFilter", "Screened", "features_with_rights", "ledger", "screen"]
