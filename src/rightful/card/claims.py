"""The card's unit: a claim with its kind, its result, and the file it can be checked in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rightful.ledger.run_directory import (
    ACCRUALS,
    ATTRIBUTIONS,
    EVIDENCE,
    LEDGER_FOLDER,
    MANIFEST,
    MATCHING,
    OPTOUTS,
    POLICY,
    QUALITY,
    SITUATIONS_FILE,
    WITHDRAWAL,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPUTED, IMPORTED, DECLARED, NOT_CHECKED = "computed", "imported", "declared", "not-checked"
REGISTER = "opt-out register"
KINDS = {COMPUTED: "●", IMPORTED: "◐", DECLARED: "○", NOT_CHECKED: "✕"}
_KIND_OF = {"C": COMPUTED, "I": IMPORTED, "D": DECLARED, "N": NOT_CHECKED}

# id -> (what, 什么, file to look in)
_CLAIMS: dict[str, tuple[str, str, str | None]] = {
    "C1": ("every record has a decision", "每条记录均有决定", SITUATIONS_FILE),
    "C2": ("robots.txt in force when fetched, and newest", "抓取时与最新的 robots.txt", EVIDENCE),
    "C3": ("allowed by the site when fetched, denied now", "抓取时允许、现已拒绝的记录", SITUATIONS_FILE),
    "C4": ("quality requirements", "质量要求", QUALITY),
    "C5": ("digest of every file, one root over those of the screening", "文件摘要与默克尔根", MANIFEST),
    "C6": ("opt-outs received through the register, applied", "已适用登记册中的退出请求", OPTOUTS),
    "C7": ("what other protocols and the records' own pages state", "其他协议与页面级声明", SITUATIONS_FILE),
    "C8": ("what use accrues, in units of the admitted records", "使用的计量与应计", ACCRUALS),
    "C9": ("admitted records whose author or source must be named", "须署名的纳入记录", ATTRIBUTIONS),
    "C10": ("terms of protection counted from dates that were stated", "依所述日期计算的保护期", SITUATIONS_FILE),
    "C11": ("near copies and excerpts of opted-out works, by fingerprint", "被退出作品的近似与摘录", SITUATIONS_FILE),
    "C12": ("the matcher, tried on texts of this data", "以本数据文本检验匹配器", MATCHING),
    "C13": ("languages and sites before and after opt-outs", "移除前后的语言与站点分布", LEDGER_FOLDER),
    "C14": ("records that ship, looked up again after a withdrawal", "撤除后对发布记录的复查", WITHDRAWAL),
    "I1": ("robots.txt files as they were served", "所用的 robots.txt 原文", EVIDENCE),
    "I2": ("documents on licences, titles, contracts, consents", "许可、权属、合同或同意的证明文件", POLICY),
    "I3": ("requests to opt out, as the register states them", "登记册所述的退出请求", MANIFEST),
    "I4": ("tombstones over versions of the register, as it states them", "登记册所述的墓碑延续", MANIFEST),
    "I5": ("models trained on what was taken out", "曾以被移除记录训练的模型", WITHDRAWAL),
    "D1": ("what the data is for, and its effect on the market", "使用场景与市场影响", POLICY),
    "D2": ("where each source came from", "各来源的获取方式", POLICY),
    "D3": ("who provides the data set", "数据集提供者", POLICY),
    "D4": ("what was agreed: contracts, as they are declared", "所声明的合同内容", POLICY),
    "N1": ("protocols of reservation that were not looked for", "未检查的保留协议", None),
    "N2": ("protocols that were looked for in part, and for how many records", "仅部分检查的协议", SITUATIONS_FILE),
    "N3": (
        "translations, paraphrases, images and sound of opted-out works",
        "被退出作品的翻译、改写、图像与音频",
        None,
    ),
    "N4": ("whether a stated licence was the stater's to give", "许可声明的真实性", None),
    "N5": ("personal data", "个人信息", None),
    "N6": ("unlawful or harmful content", "违法不良信息", None),
    "N7": ("trade marks, patents, database rights", "商标、专利与数据库权", None),
    "N8": ("opt-outs received directly", "直接收到的退出请求", None),
    "N10": ("whether the table of terms says what the statutes say", "保护期表是否与法律原文一致", None),
    "N11": ("the documents themselves: whether they say what is declared of them", "证明文件的内容", None),
    "N12": ("how requests to opt out were dealt with", "退出请求的处理情况", None),
    "N13": ("models trained on records before they were taken out", "移除前已训练的模型", None),
    "N9": ("quality requirements not applied", "未适用的质量要求", QUALITY),
}


def claims(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """List the claims of a card, in order: id, kind, what, what_zh, result, file."""
    found = []
    for name, result in (*_computed(facts), *_imported(facts), *_declared(facts), *_not_checked(facts)):
        what, what_zh, file = _CLAIMS[name]
        found.append(
            {"id": name, "kind": _KIND_OF[name[0]], "what": what, "what_zh": what_zh, "result": result, "file": file}
        )
    return found


def _computed(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    funnel, robots, quality, optouts = facts["funnel"], facts["robots"], facts["quality"], facts["optouts"]
    parts = f"{funnel['admit']:,} admitted + {funnel['hold']:,} held + {funnel['exclude']:,} excluded"
    yield "C1", f"{funnel['records']:,} = {parts}"
    tokens = len(robots["tokens"])
    now, then = _known(robots["now"]), _known(robots["at_fetch"])
    yield "C2", f"{tokens} product tokens; {now:,} records with a newest capture, {then:,} with one as old as the fetch"
    yield "C3", f"{robots['drift']:,} records"
    yield "C4", f"{quality['passed']} of {quality['applied']} passed, {quality['not_applied']} not applied"
    yield "C5", facts["made"]["root"]
    others = [row for row in facts["protocols"] if row["looked_for"] and row["protocol"] not in {"robots", REGISTER}]
    counts = {word: sum(row["stated"].get(word, 0) for row in others) for word in ("deny", "conditional", "error")}
    told = f"denying {counts['deny']:,}, conditional {counts['conditional']:,}, unreadable {counts['error']:,}"
    yield "C7", f"{len(others)} protocols; statements on records: {told}"
    if optouts is not None:
        register = next(row for row in facts["protocols"] if row["protocol"] == REGISTER)
        touched = register["excluded"] + register["held"]
        yield "C6", f"{optouts['optouts']:,} opt-outs; {touched:,} records held or excluded"
        yield from _of_optouts(optouts, facts["diversity"])

    accruals, status = facts["accruals"], facts["rights"]["work_status"]
    units = "; ".join(f"{row['records']:,} records {row['status']}" for row in accruals["units"])
    yield "C8", f"{len(accruals['rows'])} rows" + (f": {units}" if units else "; nothing is remunerated in this data")
    yield "C9", f"{facts['attributions']['records']:,} records"
    if status["computed"]:
        yield "C10", f"{status['computed']:,} records, as of {status['built_on']}"


def _of_optouts(optouts: dict[str, Any], diversity: dict[str, Any]) -> Iterator[tuple[str, str]]:
    matching, test, withdrawal = optouts["matching"], optouts["matcher"], optouts["withdrawal"]
    if matching["works"]:
        came_to = f"{matching['any']['hold']:,} held, {matching['any']['exclude']:,} excluded, exact copies among them"
        yield "C11", f"{matching['works']:,} works, {matching['texts']:,} texts; {came_to}"
    if test:
        tried = [row for row in test["perturbed"] if row["texts"]]
        found = [f"{row['perturbation']}: {row['out'] + row['waits']:,} of {row['texts']:,}" for row in tried]
        mistaken = test["unrelated"]["texts_out"] + test["unrelated"]["texts_waiting"]
        yield "C12", "; ".join([*found, f"mistaken {mistaken:,} of {test['unrelated']['texts']:,} other texts"])
    told = ", ".join(f"{name} {_divergence(row)}" for name, row in diversity["by"].items())
    yield "C13", f"divergence: {told}; {'ALERT' if diversity['alert'] else 'no alert'}"
    if withdrawal:
        test_of_all = withdrawal["absence_test"]
        yield "C14", f"{test_of_all['found']:,} of {test_of_all['records']:,} records are in the newest register"


def _divergence(row: dict[str, Any] | None) -> str:
    if row is None:
        return "not measured"
    return "nothing left" if row["divergence"] is None else f"{row['divergence']:.6f}"


def _known(counts: dict[str, int]) -> int:
    return sum(records for fact, records in counts.items() if fact != "unknown")


def _imported(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    robots = facts["robots"]
    yield "I1", f"{robots['captures']:,} captures, {robots['first'] or 'undated'} to {robots['last'] or 'undated'}"
    documents = len({row["digest"] for row in facts["provenance"]["documents"]})
    if documents:
        yield "I2", f"{documents} named by digest; the documents are with the provider"
    optouts = facts["optouts"] or {}
    requests, withdrawal = optouts.get("requests"), optouts.get("withdrawal")
    if requests:
        as_of = requests["as_of"] or "an unknown time"
        reached = ", ".join(f"{state} {_stated(number)}" for state, number in requests["reached"].items())
        yield "I3", f"{reached}; as of {as_of}"
        tombstones = requests["tombstones"]
        yield "I4", f"{_stated(tombstones['exported'])} exported, {_stated(tombstones['lost'])} lost; as of {as_of}"
    if withdrawal and withdrawal["models"] is not None:
        yield "I5", f"{withdrawal['models']:,} models"


def _stated(number: int | None) -> str:
    return "not stated" if number is None else f"{number:,}"


def _declared(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    scenario, identity = facts["scenario"], facts["identity"]
    kind = "general" if scenario["general"] else "for one field"
    trade = "commercial" if scenario["commercial"] else "non-commercial"
    signed = f"signed by {scenario['signed_by'] or 'nobody'}"
    yield "D1", f"{kind}, {trade}, market effect {scenario['market_effect']}; {signed}"
    yield "D2", "; ".join(f"{source['source']}: {source['route'] or 'unknown'}" for source in facts["sources"])
    yield "D3", identity["provider"] or "not stated"
    contracts = facts["provenance"]["contracts"]
    if contracts:
        yield "D4", "; ".join(f"{row['contract']}: training {row['training']}" for row in contracts)


def _not_checked(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "N1", ", ".join(row["protocol"] for row in facts["protocols"] if not row["looked_for"])
    partly = [row for row in facts["protocols"] if row["looked_for"] and row["coverage"] < 1]
    if partly:
        yield "N2", ", ".join(f"{row['protocol']} {row['coverage']:.2%}" for row in partly)
    yield "N3", _not_matched(facts["optouts"])
    yield "N4", "not looked into"
    yield "N5", "no detector was run"
    yield "N6", "no classifier was run"
    yield "N7", "not looked into"
    if facts["optouts"] is None:
        yield "N8", "no register was given"
    else:
        if facts["optouts"]["requests"] is None:
            yield "N12", "the register was made from lists and reports nothing of requests"
        withdrawal = facts["optouts"]["withdrawal"]
        if not withdrawal or withdrawal["models"] is None:
            yield "N13", "not in the run: a receipt of withdrawal names them where a log of training was given"
    skipped = [row["code"] for row in facts["quality"]["results"] if not row["applied"]]
    if skipped:
        yield "N9", ", ".join(skipped)
    status = facts["rights"]["work_status"]
    if status["rules_not_read"]:
        yield (
            "N10",
            f"{status['rules_not_read']} of {len(status['rules'])} rows of it were not read again in the statutes",
        )
    if facts["provenance"]["documents"]:
        yield "N11", "they are named by digest, and were not read"


def _not_matched(optouts: dict[str, Any] | None) -> str:
    if optouts is None:
        return "no opt-outs were given"
    if optouts["matching"]["works"]:
        return "not looked for: edited copies, excerpts and parts in the same words were"
    return "not looked for, nor near copies and excerpts: no texts were compared with works"
