"""What may be added to a combination: restrictions, which may never loosen, and evidence, which may never tighten.

Each gives the combinations that come of it, and none where the addition would take the place of something as strict: to
replace a denial by a doubt is no addition.
"""

from tests.policy.situations import BUILT_ON, NEWER, OFFER, OLDER, UNDATED, UPSTREAM, dated

from rightful.facts.situation import RobotsFact
from rightful.facts.statement import Preference, most_restrictive, read_summary
from rightful.policy.signal_gates import DENIALS

_DENIALS = {fact.value for fact in DENIALS}
_DOUBTS = {RobotsFact.UNKNOWN.value, RobotsFact.CUT.value, RobotsFact.STALE.value}
_EXPRESSED = ("content-usage=deny", "tdmrep=conditional:contact", "c2pa=error", "plus=deny", "rsl=deny", "rsl=error",
              "rsl=conditional:contact", "rsl=conditional:payment", OFFER)  # fmt: skip


def restrictions():
    """Give every restriction by name."""
    found = {}
    for optout in ("url:received", "content:verified", "near:unsure"):
        found[f"opt-out {optout}"] = _newly(lambda c, o=optout: _listed(c, "optouts", o))
    for when in ("fetch", "build"):
        for denial in sorted(_DENIALS):
            found[f"robots {when} {denial}"] = _newly(lambda c, w=when, d=denial: _denied(c, f"robots_{w}", d))
        for doubt in sorted(_DOUBTS):
            found[f"robots {when} {doubt}"] = lambda c, w=when, d=doubt: _doubted(c, f"robots_{w}", d)
        for said in _EXPRESSED:
            found[f"stated {when} {said}"] = _newly(lambda c, w=when, s=said: _stated(c, f"stated_{w}", s))
    for name, value in _ONE_VALUE:
        found[f"{name} {value}"] = lambda c, n=name, v=value: [] if c[n] == v else [c | {n: v}]
    for fault in ("stale", "title", "not_assessed"):
        found[f"pool fault {fault}"] = lambda c, v=fault: _listed(c, "pool_faults", v)
    found["unknown value"] = lambda c: _listed(c, "unknown_values", "consent")
    for name in filter(None, UPSTREAM):
        found[f"derived from {name}"] = lambda c, n=name: [c | {"upstream": n}] if not c["upstream"] else []
    return found | _licences() | _stricter_policies()


def _licences():
    found = {}
    for named in ("cc-by-nc-4.0", "cc-by-nd-4.0", "all-rights-reserved", "llama3", "unknown"):
        found[f"page {named}"] = lambda c, v=named: _listed(c, "licences_named", v)
    for licence in ("cc-by-nc-4.0", "cc-by-nd-4.0", "custom_deny", "llama3"):
        found[f"licence of the source {licence}"] = lambda c, v=licence: (
            [c | {"source_licence": v}] if c["source_licence"] in {"none", "mit"} else []
        )
    return found


# Facts of which one value restricts more than all others do, and settings of a contract.
_ONE_VALUE = (
    ("training", "forbidden"), ("commercial_use", "forbidden"), ("expired", True),
    ("licence", "custom_deny"), ("tos", "reserved"), ("licence_request", "refused"), ("generator_tos", "forbids"),
    ("sensitive_pi", "present"), ("third_party", "found"), ("notice", "not_shown"), ("consent", "second_withdrawn"),
    ("db_extraction", "substantial"), ("text_readable", False), ("imitates", True), ("sold_for_analysis", True),
    ("specific_data", "unknown"), ("lawful_access", "no"),
)  # fmt: skip


def _stricter_policies():
    found = {}
    for name, value in (("tos_strict", True), ("nd", "exclude"), ("nc_is_reservation", True), ("exempt_up_to", "none"),
                        ("unsafe_keep_uncaptured", False), ("missing_fetch_evidence", "hold"), ("paid", False),
                        ("same_holder", False), ("profile", "cn_strict")):  # fmt: skip
        found[f"policy {name} {value}"] = lambda c, n=name, v=value: [] if c[n] == v else [c | {n: v}]
    order = ("evidence", "honour", "hold-unread")
    found["policy page_licences"] = lambda c: [
        c | {"page_licences": stricter} for stricter in order[order.index(c["page_licences"]) + 1 :]
    ]
    # What nobody captured as of the fetch is left to the newest capture, where a policy says so: that is no strictness.
    found["policy strictest"] = lambda c: (
        [c | {"mode": "strictest"}] if c["mode"] != "strictest" and c["missing_fetch_evidence"] == "hold" else []
    )
    found["unlawful"] = lambda c: [c | {"unlawful": "tpm"}] if c["unlawful"] == "none" else []
    found["a minor"] = lambda c: [c | {"consent": "minor_without_guardian"}] if c["consent"] == "second_live" else []
    found["generator_tos unknown"] = lambda c: (
        [c | {"generator_tos": "unknown"}] if c["generator_tos"] in {"n/a", "permits"} else []
    )
    found["work_status protected"] = lambda c: (
        [c | {"work_status": "protected"}]
        if c["work_status"] != "protected" and c["db_extraction"] != "substantial"
        else []
    )
    found["contract over"] = lambda c: (
        [c | {"in_force": (c["in_force"][0], _OVER)}] if c["built_on"] and not c["in_force"][0] > _OVER else []
    )
    found["no day"] = lambda c: [c | {"built_on": ""}] if c["built_on"] and not _is_over(c) else []
    found["no location"] = lambda c: [c | {"url": "no-url"}] if c["url"] == "located" else []
    return found


def permissions():
    """Give every permissive evidence by name."""
    found = {}
    for evidence in ("text", "text+notice"):
        found[f"licence evidence {evidence}"] = lambda c, e=evidence: (
            [c | {"licence_evidence": e}] if c["licence_evidence"] in {"none", "tag_only"} else []
        )
    found["the day"] = lambda c: [c | {"built_on": BUILT_ON}] if _in_force(c) and not c["built_on"] else []
    for name in ("paid", "accruing", "same_holder"):
        found[name] = lambda c, n=name: [] if c[n] else [c | {n: True}]
    for payment in ("payment:training", "contribution", "payment:crawl", "contact", "payment"):
        found[f"acquired {payment}"] = lambda c, p=payment: _listed(c, "acquired", p)
    found["lawful access"] = lambda c: [c | {"lawful_access": "yes"}]
    found["own work"] = lambda c: [c | {"work_status": "own"}]
    found["live consent"] = lambda c: [c | {"consent": "second_live"}] if c["consent"] in {"n/a", "tos_only"} else []
    found["notice"] = lambda c: [c | {"notice": "shown"}]
    found["redacted"] = lambda c: [c | {"sensitive_pi": "redacted"}]
    for status in ("fact", "official"):
        found[status] = lambda c, s=status: [c | {"work_status": s}] if _no_database(c) else []
    everywhere = {"public_domain_in": ("CN", "EU", "US")}
    found["public domain"] = lambda c: [c | everywhere] if _no_database(c) else []
    # Of what somebody says is protected a place frees nothing: so that this is tried of all, it says the contrary too.
    found["public domain, not protected"] = lambda c: (
        [c | everywhere | {"work_status": "pd"}] if _no_database(c) else []
    )
    return found


_OVER = "2026-06-14"


def _is_over(combination):
    """Tell whether a contract is over on the day: to forget the day puts a doubt in the place of a refusal."""
    return combination["in_force"][1] == _OVER


def _in_force(combination):
    """Tell whether a contract is in force on the day: only then it is a permission to know the day."""
    starts, ends = combination["in_force"]
    return starts <= BUILT_ON and (not ends or ends >= BUILT_ON)


def _no_database(combination):
    """A database has a right of its own in the EU; legal.md 4.3 T2 asks about it only of what is otherwise free."""
    return combination["db_extraction"] != "substantial" and combination["work_status"] != "own"


def _newly(add):
    """Give what comes of a restriction that has a date: older than a grant, newer than every grant, unknown.

    One that is older, and takes the place of a doubt, is no addition: a grant may override it, and not the doubt.
    """

    def added(combination):
        before = dated(combination)
        for made in add(combination):
            for date in (NEWER, UNDATED) if _resolves_a_doubt(combination, made) else (OLDER, NEWER, UNDATED):
                yield made | {"restricted_at": UNDATED if UNDATED in {before, date} else max(before, date)}

    return added


def _resolves_a_doubt(before, after):
    robots = any(before[name] != after[name] and before[name] in _DOUBTS for name in ("robots_fetch", "robots_build"))
    gone = {said for name in ("stated_fetch", "stated_build") for said in set(before[name]) - set(after[name])}
    return robots or any(read_summary(said)[1] is Preference.ERROR for said in gone)


def _listed(combination, name, value):
    old = combination[name]
    return [] if value in old else [combination | {name: tuple(sorted({*old, value}))}]


def _denied(combination, name, denial):
    return [] if combination[name] in _DENIALS else [combination | {name: denial}]


def _doubted(combination, name, doubt):
    return [combination | {name: doubt}] if combination[name] not in _DENIALS | _DOUBTS else []


def _stated(combination, name, said):
    """Add a statement to those of its protocol, as `facts.statement.summary` does."""
    protocol, preference, asked = read_summary(said)
    if asked and asked <= set(combination["acquired"]) - {"payment"}:
        return []  # met already: that is a licence; nobody can have met a payment of an unknown kind
    of_others = {each for each in combination[name] if each.partition("=")[0] != protocol}
    read = [read_summary(each)[1:] for each in combination[name] if each not in of_others]
    now = most_restrictive((preference, *(before for before, _ in read)))
    made = {f"{protocol}={now}"}
    if now is Preference.CONDITIONAL:
        kept = {preference: asked}.get(now, frozenset()).union(*(more for before, more in read if before is now))
        made = {f"{protocol}=conditional:{'+'.join(sorted(kept))}"}
        if Preference.ERROR in {preference, *(before for before, _ in read)}:
            made.add(f"{protocol}=error")
    changed = tuple(sorted(of_others | made))
    return [] if changed == tuple(sorted(combination[name])) else [combination | {name: changed}]
