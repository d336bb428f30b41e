"""What Airflow's provider discovery reads.

It runs while Airflow is still reading its own configuration, in every component of a deployment: this module, and
the packages it lies in, must import nothing of Airflow's, and an error here stops all of it.
"""

from __future__ import annotations

from typing import Any

_INTEGRATION = "rightful"
_TEXT = ["string", "null"]
_REGISTER = {
    "connection-type": "rightful_register",
    "hook-class-name": "rightful.airflow.hooks.register.OptOutRegisterHook",
    "hook-name": "Rightful opt-out register",
    "ui-field-behaviour": {
        "hidden-fields": [],
        "relabeling": {
            "host": "Path, URL or host",
            "schema": "Database (PostgreSQL)",
            "login": "User (PostgreSQL)",
            "password": "Password of the user, else the register's key",
        },
        "placeholders": {"host": "/srv/optouts.db", "port": "5432", "login": "leave empty for a path"},
    },
    "conn-fields": {
        "key": {
            "label": "Register key",
            "description": "32 octets in base64, as `rightful optout key` writes them.",
            "schema": {"type": _TEXT, "format": "password"},
        },
        "key_file": {
            "label": "File of the register key",
            "description": "Instead of the key: a path that workers and the triggerer can read.",
            "schema": {"type": _TEXT},
        },
        "max_age_hours": {
            "label": "Oldest export, in hours",
            "description": "Screening refuses an export of this register that is older. Empty: whatever its age.",
            "schema": {"type": ["number", "null"], "exclusiveMinimum": 0},
        },
    },
}


def get_provider_info() -> dict[str, Any]:
    """Describe the provider by Airflow's `provider_info.schema.json`; the package name is that of the distribution."""
    return {
        "package-name": "rightful",
        "name": "Rightful",
        "description": (
            "Remove opted-out and robots-disallowed records from training data, label the rest, "
            "and write a dataset card an auditor can recompute."
        ),
        "integrations": [{"integration-name": _INTEGRATION, "tags": ["software"]}],
        "operators": [
            {
                "integration-name": _INTEGRATION,
                "python-modules": [
                    "rightful.airflow.operators.capture",
                    "rightful.airflow.operators.screen",
                    "rightful.airflow.operators.validate",
                    "rightful.airflow.operators.card",
                    "rightful.airflow.operators.export",
                    "rightful.airflow.operators.withdraw",
                ],
            }
        ],
        "hooks": [{"integration-name": _INTEGRATION, "python-modules": ["rightful.airflow.hooks.register"]}],
        "sensors": [{"integration-name": _INTEGRATION, "python-modules": ["rightful.airflow.sensors.optout"]}],
        "triggers": [{"integration-name": _INTEGRATION, "python-modules": ["rightful.airflow.triggers.optout"]}],
        "connection-types": [_REGISTER],
    }
