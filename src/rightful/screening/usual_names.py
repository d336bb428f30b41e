"""Names that columns have in datasets, by what they hold: where a policy names no column, these are looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Names that mean one thing only. `date`, for one, is not here: it is a crawl date here, a publication date there.
# Case, hyphens and underscores do not count.
USUAL_NAMES: dict[str, tuple[str, ...]] = {
    "url": (
        "url", "uri", "page_url", "source_url", "target_uri", "warc_target_uri", "metadata.url", "meta.url",
        "metadata.warc_target_uri", "metadata.warc_url",
    ),
    "final_url": ("final_url", "redirected_url", "metadata.final_url"),
    "text": ("text", "content", "raw_content", "document", "body"),
    "id": ("id", "doc_id", "document_id", "record_id", "uuid", "docid", "_id"),
    "fetched_at": (
        "fetched_at", "fetch_time", "crawled_at", "crawl_time", "crawl_date", "warc_date", "date_download",
        "download_date", "retrieved_at", "timestamp", "metadata.fetched_at", "metadata.date_download",
        "metadata.warc_date",
    ),
    "source": ("source", "metadata.source", "source_name"),
    "licence": ("license", "licence", "license_id", "metadata.license"),
    "licence_evidence": ("license_evidence", "licence_evidence"),
    "consent": ("consent",),
    "account": ("account", "metadata.account"),
    "language": ("language", "lang", "metadata.language"),
    "x_robots_tag": ("x_robots_tag", "metadata.x_robots_tag"),
    "meta_robots": ("meta_robots", "metadata.meta_robots", "robots_meta"),
    "tdm_reservation": ("tdm_reservation", "tdm_reservation_meta", "metadata.tdm_reservation"),
    "tdm_policy": ("tdm_policy", "tdm_policy_meta", "metadata.tdm_policy"),
    "content_usage": ("content_usage", "metadata.content_usage"),
    "content_signal": ("content_signal", "metadata.content_signal"),
    "http_status": ("http_status", "status_code", "http_status_code", "metadata.http_status", "metadata.status_code"),
    "data_mining": ("data_mining", "DataMining", "plus_data_mining", "metadata.data_mining"),
    "page_licence": ("page_licence", "declared_licence_url", "license_url", "metadata.license_url"),
    "http_headers": (
        "http_headers", "response_headers", "headers", "metadata.http_headers", "metadata.response_headers",
        "metadata.headers",
    ),
    "html": ("html", "raw_html", "html_head", "metadata.html_head"),
    "xmp": ("xmp", "xmp_packet", "metadata.xmp"),
    "c2pa": ("c2pa", "c2pa_manifest", "metadata.c2pa"),
    "rsl": ("rsl", "rsl_content", "metadata.rsl"),
    "page_fields": ("page_fields",),
    "rights_holder": ("rights_holder", "rightsholder", "copyright_holder", "metadata.rights_holder"),
    "work_status": ("work_status", "metadata.work_status"),
    "public_domain_in": ("public_domain_in",),
    "author_died": ("author_died", "author_death_year", "metadata.author_died"),
    "published": ("publication_year", "metadata.publication_year"),
    "works": ("works_of",),
    "contract": ("contract_name", "metadata.contract_name"),
    "acquired": ("acquired_payments",),
    "notice": ("user_notice",),
    "sensitive_pi": ("sensitive_pi", "metadata.sensitive_pi"),
    "third_party": ("third_party_content",),
    "unlawful": ("unlawful",),
    "tos": ("tos_reservation",),
    "generator_tos": ("generator_tos",),
    "licence_request": ("licence_request", "license_request"),
    "db_extraction": ("db_extraction",),
    "lawful_access": ("lawful_access", "metadata.lawful_access"),
    "holder": ("holder_located",),
}  # fmt: skip


def found_for(role: str, available: Iterable[str]) -> list[str]:
    """Give the columns of a role, the most usual first; of two spellings of one name the one as it is listed.

    Args:
        role: one of `USUAL_NAMES`.
        available: paths of columns, dots reaching into structs.
    """
    ranks = {_plain(name): rank for rank, name in enumerate(reversed(USUAL_NAMES[role]))}
    paths = [path for path in available if _plain(path) in ranks]
    return sorted(paths, key=lambda path: (-ranks[_plain(path)], path not in USUAL_NAMES[role]))


def _plain(path: str) -> str:
    return path.lower().replace("-", "_")
