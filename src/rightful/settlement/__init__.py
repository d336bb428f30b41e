"""What use of the admitted records asks for: what accrues to whom, and who must be named.

Why: the seed paper has fees follow the scenario of use, counted from what was used and not from what somebody declares
(legal.md P-58, P-59), and moral rights stay with works that are free. May import: `screening` and everything below.
No rate is made up here: what the policy does not price is counted, and stays unpriced. Example:

    accrual_table(run.situations(), policy)
"""
