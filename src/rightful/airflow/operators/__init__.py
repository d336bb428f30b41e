"""The operators, a module each; `rightful.airflow` has their names.

Their constructors store what they are given and look at none of it: at that time an argument may still be a template
or the result of a task that has not run.
"""
