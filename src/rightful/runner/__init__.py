"""Files in, a finished run directory out: shard by shard, in processes, resumable, whole or not at all.

Why: screening has to be something a DAG can retry and a person can interrupt. May import: everything but
frameworks; `quality` loads its own. Example:

    run_files("policy.toml", ["data/*.parquet"], snapshot="signals/", out="out/")
"""
