"""Records to decisions: columns to facts, facts to situations, one decision a situation, spread back.

Why: nothing here touches the network or loops over rows where it can be avoided, and the same object serves
files, `datasets`, Spark, Ray and Airflow. May import: everything below it (`ledger`, `register`, `snapshot`,
`policy`, ...). Example:

    screener = Screener(policy, snapshot, register)
    admitted = screener.screen(batch)
"""
