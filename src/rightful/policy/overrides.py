"""What overrides a restriction (X1): a grant for training by who restricted, dated after every restriction."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from rightful.policy.days import first_day, last_day

if TYPE_CHECKING:
    from rightful.facts.situation import Situation
    from rightful.policy.policy import Policy
    from rightful.policy.source_sections import Contract

UNKNOWN_DATE = "unknown"


def contract_of(situation: Situation, policy: Policy) -> Contract | None:
    """Give the contract that covers a record; None where there is none, or the policy knows none of that name."""
    return policy.contracts_by_name.get(situation.contract)


def expired(contract: Contract, built_on: str) -> bool:
    """Tell whether a contract is over on the day the data set is made."""
    over = bool(contract.ends and built_on) and last_day(contract.ends) < date.fromisoformat(built_on)
    return contract.expired or over


def not_begun(contract: Contract, built_on: str) -> bool:
    """Tell whether a contract begins after the day the data set is made."""
    return bool(contract.starts and built_on) and first_day(contract.starts) > date.fromisoformat(built_on)


def lacks_its_day(contract: Contract, built_on: str) -> bool:
    """Tell whether nobody can say if a contract is in force: it has dates, and the day it is asked for is unknown."""
    return contract.dated and not built_on


def grants_training(contract: Contract | None, built_on: str) -> bool:
    """Tell whether a contract is in force and grants training, by a chain that was verified."""
    if contract is None or expired(contract, built_on) or not_begun(contract, built_on):
        return False
    if lacks_its_day(contract, built_on):
        return False
    return contract.training == "granted" and contract.chain != "intermediary_unverified"


def could_override(situation: Situation, policy: Policy) -> bool:
    """Tell whether a contract covers a record that could be newer than what restricts it: then its date counts."""
    contract = contract_of(situation, policy)
    return contract is not None and contract.training == "granted" and bool(contract.starts)


def overrides(situation: Situation, policy: Policy) -> bool:
    """Tell whether a grant takes the place of opt-outs and reservations: they limit exceptions, not licences."""
    contract = contract_of(situation, policy)
    if contract is None or not grants_training(contract, situation.built_on):
        return False
    dated = situation.restricted_at not in {"", UNKNOWN_DATE} and contract.starts
    if not (dated and contract.same_holder and contract.settled):
        return False
    return first_day(contract.starts) > last_day(situation.restricted_at)
