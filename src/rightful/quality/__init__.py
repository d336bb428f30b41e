"""Quality: what admitted records must be like, tested with Great Expectations on the Parquet files that ship.

Why: the seed paper says what makes training data of high quality (five tests) and of low quality (six faults).
Each requirement here belongs to one of them, takes its threshold from the policy, and says in one sentence for the
card what was tested. Where it cannot be applied it says why: what was not tested is never counted as passed.

One pass over the shards makes a table without text or URLs (`shards`), and Great Expectations tests that table
through DuckDB (`suite`, `duckdb_engine`). The result (`report`) is counts, shares and ids; it has no network, no
clock and no machine in it. May import: `screening` and what is below it; `suite` and `duckdb_engine` load the
frameworks when they are used, and nothing else does. Example:

    report = validate_files(run.data_files(), policy=policy, columns=columns, as_of=reference_time)
    report.critical_failures or publish(report.to_json())
"""
