"""What Airflow's provider discovery reads.

It runs while Airflow is still reading its own configuration, in every component of a deployment: this module, and
the packages it lies in, must import nothing of Airflow's, and an error here stops all of it.
"""

from __future__ import annotations

from typing import Any

_INTEGRATION = "rightful"


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
                ],
            }
        ],
    }
