"""What a personal-data archive looks like: a readable page beside the machine-readable files. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Any

import msgspec

SHOWN = 200
"""So many records of each service are on the page; all are in the files."""

_LABELS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Your personal data",
        "intro": "This is everything that MonoQL keeps about you, as of {at}. Each section is also in a file that "
        "programs can read.",
        "records": "Records",
        "file": "File",
        "digest": "SHA-256",
        "more": "Only the first {shown} records are shown here; all are in {file}.",
        "none": "Nothing is kept about you here.",
        "users": "Your account",
        "entries": "Your registrations",
        "codes": "Your access codes",
        "campaigns": "Your work on campaigns",
    },
    "es": {
        "title": "Tus datos personales",
        "intro": "Esto es todo lo que MonoQL guarda sobre ti, a fecha de {at}. Cada sección está también en un archivo "
        "que los programas pueden leer.",
        "records": "Registros",
        "file": "Archivo",
        "digest": "SHA-256",
        "more": "Aquí solo se muestran los primeros {shown} registros; todos están en {file}.",
        "none": "Aquí no se guarda nada sobre ti.",
        "users": "Tu cuenta",
        "entries": "Tus inscripciones",
        "codes": "Tus códigos de acceso",
        "campaigns": "Tu trabajo en campañas",
    },
    "fr": {
        "title": "Vos données personnelles",
        "intro": "Voici tout ce que MonoQL conserve à votre sujet, en date du {at}. Chaque section se trouve aussi "
        "dans un fichier que des programmes peuvent lire.",
        "records": "Enregistrements",
        "file": "Fichier",
        "digest": "SHA-256",
        "more": "Seuls les {shown} premiers enregistrements figurent ici ; tous sont dans {file}.",
        "none": "Rien n’est conservé ici à votre sujet.",
        "users": "Votre compte",
        "entries": "Vos inscriptions",
        "codes": "Vos codes d’accès",
        "campaigns": "Votre travail sur des campagnes",
    },
}

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%;margin:1rem 0}"
    "th,td{border:1px solid #ccc;padding:.3rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    "th{width:14rem;font-weight:600}code{font-size:.8em}"
)


@dataclass
class Part:
    """One service's part of an archive: how much there is, and as many records as the page shows."""

    service: str
    digest: str = ""
    count: int = 0
    shown: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list[tuple[str, Mapping[str, Any]]])

    @property
    def file(self) -> str:
        """Its file in the archive."""
        return f"{self.service}.json"

    def add(self, kind: str, data: Mapping[str, Any]) -> None:
        """Counts a record, and keeps it for the page while there is room."""
        self.count += 1
        if len(self.shown) < SHOWN:
            self.shown.append((kind, data))


def page(parts: Sequence[Part], locale: str | None, at: datetime) -> str:
    """The archive's `index.html`: complete in itself, it loads nothing and runs nothing."""
    language = (locale or "en").partition("-")[0]
    labels = _LABELS.get(language, _LABELS["en"])
    sections = "".join(_section(part, labels) for part in parts)
    intro = labels["intro"].format(at=at.isoformat(timespec="seconds"))
    return (
        f'<!doctype html><html lang="{escape(locale or "en")}"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f'<meta name="viewport" content="width=device-width"><title>{escape(labels["title"])}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(labels['title'])}</h1><p>{escape(intro)}</p>"
        f"{sections}</body></html>\n"
    )


def _section(part: Part, labels: Mapping[str, str]) -> str:
    facts = (
        f"<p>{escape(labels['records'])}: {part.count} · {escape(labels['file'])}: "
        f'<a href="{escape(part.file)}">{escape(part.file)}</a> · {escape(labels["digest"])}: '
        f"<code>{escape(part.digest)}</code></p>"
    )
    if not part.count:
        facts += f"<p>{escape(labels['none'])}</p>"
    if part.count > len(part.shown):
        facts += f"<p>{escape(labels['more'].format(shown=len(part.shown), file=part.file))}</p>"
    records = "".join(_record(kind, data) for kind, data in part.shown)
    return f"<section><h2>{escape(labels[part.service])}</h2>{facts}{records}</section>"


def _record(kind: str, data: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><th>{escape(name.replace('_', ' '))}</th><td>{escape(_text(value))}</td></tr>"
        for name, value in data.items()
        if value is not None
    )
    return f"<h3>{escape(kind.replace('_', ' '))}</h3><table>{rows}</table>"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
