"""Connections that Airflow keeps, as objects to work with."""
