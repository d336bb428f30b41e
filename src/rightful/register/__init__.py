"""Opt-outs that reached us directly: by URL, prefix, host, site, account or exact content.

Why: a machine-readable reservation speaks for a site; an opt-out speaks for a rightsholder, about works that
may lie anywhere. May import: `signals`, `facts`, `errors`, pyarrow. Texts are never stored, only digests.

Example:
    entries = read_entries(["optouts.csv"])
    export_register(entries, "register.arrow")
    Register.open("register.arrow").digest
"""
