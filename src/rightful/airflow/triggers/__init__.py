"""What the triggerer runs: coroutines that wait, for a task or for an asset.

They are given ids of connections and never what a connection holds: what a trigger is made with lies in Airflow's
database for everybody to read.
"""
