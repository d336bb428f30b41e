"""What the demo's records say: sentences put together from lists, so that no two records have the same passage."""

from __future__ import annotations

import random

_PEOPLE = (
    "baker", "ferryman", "widow", "printer", "gardener", "surveyor", "nurse", "carter", "teacher", "clockmaker",
    "sailor", "midwife", "cook", "postman", "weaver", "judge", "farmer", "singer", "tanner", "doctor",
    "glazier", "porter", "miller", "seamstress", "shepherd", "notary", "organist", "beekeeper", "mason",
    "librarian",
)  # fmt: skip
_THINGS = (
    "map", "letter", "walnut", "key", "ladder", "bell", "lantern", "recipe", "coat", "barrel", "mirror",
    "ledger", "rope", "violin", "kettle", "window", "saddle", "stamp", "basket", "plough", "photograph",
    "hinge", "quilt", "compass", "boat", "ticket", "anvil", "pear", "needle", "almanac",
)  # fmt: skip
_PLACES = (
    "harbour", "orchard", "attic", "market", "chapel", "bridge", "cellar", "station", "meadow", "quarry",
    "island", "library", "inn", "dairy", "tower", "ford", "garden", "square", "mill", "archive", "valley",
    "workshop", "ferry", "school", "bakery", "well", "forest", "custom-house", "theatre", "lighthouse",
)  # fmt: skip
_DEEDS = (
    "mended", "forgot", "sold", "painted", "counted", "buried", "carried", "praised", "lost", "measured",
    "borrowed", "polished", "found", "described", "weighed", "hid", "returned", "kept", "drew", "copied",
    "traded", "admired", "wrapped", "dropped", "numbered", "cleaned", "lent", "folded", "broke", "remembered",
)  # fmt: skip
_SOME = (
    "grey", "crooked", "patient", "borrowed", "early", "silent", "heavy", "narrow", "salted", "late", "blue",
    "honest", "damp", "stubborn", "cheap", "famous", "wooden", "sleepy", "careful", "broken", "second",
    "bitter", "painted", "mild", "foreign", "lame", "empty", "cheerful", "northern", "last",
)  # fmt: skip
_PEOPLE_ZH = (
    "渔夫", "教师", "木匠", "医生", "画家", "农妇", "船长", "裁缝", "邮差", "厨师", "牧人", "法官", "歌手",
    "铁匠", "学徒", "药师", "园丁", "书商", "石匠", "护士",
)  # fmt: skip
_THINGS_ZH = (
    "地图", "信件", "胡桃", "钥匙", "梯子", "铜钟", "灯笼", "菜谱", "外套", "木桶", "镜子", "账本", "绳索",
    "提琴", "水壶", "窗框", "马鞍", "邮票", "篮子", "犁铧",
)  # fmt: skip
_PLACES_ZH = (
    "码头", "果园", "阁楼", "集市", "教堂", "石桥", "地窖", "车站", "草地", "采石场", "小岛", "图书馆", "客栈",
    "奶坊", "塔楼", "渡口", "花园", "广场", "磨坊", "山谷",
)  # fmt: skip
_DEEDS_ZH = (
    "修好", "忘记", "卖掉", "画下", "数过", "埋藏", "搬走", "称赞", "弄丢", "量过", "借来", "擦亮", "找到",
    "描述", "称过", "藏起", "归还", "保存", "抄写", "交换",
)  # fmt: skip
_SOME_ZH = (
    "灰色", "弯曲", "耐心", "借来", "清早", "安静", "沉重", "狭窄", "咸味", "迟到", "蓝色", "诚实", "潮湿",
    "固执", "便宜", "有名", "木制", "困倦", "仔细", "破旧",
)  # fmt: skip


def sentences(language: str, number: int) -> str:
    """Give a text of six to fourteen sentences: the same for the same number, and like no other."""
    draw = random.Random(number)  # noqa: S311 - the same records every time, not a secret
    count = draw.randint(6, 14)
    if language == "zh":
        return "".join(f"{said}。" for said in [str(number), *(_chinese(draw) for _ in range(count))])
    return " ".join(f"{said}." for said in [str(number), *(_english(draw) for _ in range(count))])


def _english(draw: random.Random) -> str:
    one, other, thing, place, deed, some, more = (
        draw.choice(words) for words in (_PEOPLE, _PEOPLE, _THINGS, _PLACES, _DEEDS, _SOME, _SOME)
    )
    return draw.choice((
        f"The {some} {one} {deed} a {thing} in the {more} {place}",
        f"Every {one} near the {place} {deed} some {more} {thing}",
        f"No {some} {thing} was ever {deed} by a {one} or a {other}",
        f"At the {place} a {more} {one} and the {other} {deed} their {thing}",
    ))  # fmt: skip


def _chinese(draw: random.Random) -> str:
    one, other, thing, place, deed, some, more = (
        draw.choice(words) for words in (_PEOPLE_ZH, _PEOPLE_ZH, _THINGS_ZH, _PLACES_ZH, _DEEDS_ZH, _SOME_ZH, _SOME_ZH)
    )  # fmt: skip
    return draw.choice((
        f"{some}的{one}在{place}{deed}了{more}的{thing}",
        f"{place}边{one}和{other}{deed}过{some}{thing}",
        f"那个{more}的{thing}被{one}{deed}，{other}却去了{place}",
    ))  # fmt: skip
