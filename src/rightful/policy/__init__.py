"""The rules of a run: one versioned file, and the decision it gives for every situation.

Why: a verdict depends on the record's facts, the snapshot, the register and this file, and on nothing else; no
flag changes one. May import: `signals`, `facts`, `errors`, pydantic. Example:

    policy = read_policy("policy.toml")
    policy.id
    decide(situation, policy).admission
"""
