"""What the columns of a list of readers are called, in files of many hands, and what we call them.

Comes in: the titles in a header, in English, French or Arabic. Goes out: our names. Pure. Called by
`spreadsheets` and `origins`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# The columns a person may write by hand; `origins` reads some more out of other programs' files.
COLUMNS = ("address", "name", "language", "time_zone", "rhythm", "hour", "topics", "consent", "state")

# Our columns by every name they go by, in lower case, with _ for spaces, hyphens and apostrophes.
_NAMES = {
    "address": "address email e_mail mail email_address e_mail_address subscriber_email"
    " adresse_email adresse_e_mail adresse_mail adresse_électronique courriel mél adresse_de_courriel"
    " البريد البريد_الإلكتروني البريد_الالكتروني عنوان_البريد_الإلكتروني",
    "name": "name full_name nom_complet prénom_et_nom الاسم الاسم_الكامل",
    "given_name": "given_name first_name firstname fname prénom prenom الاسم_الأول",
    "family_name": "family_name last_name lastname surname lname nom nom_de_famille اسم_العائلة",
    "language": "language lang locale langue اللغة",
    "time_zone": "time_zone timezone fuseau fuseau_horaire المنطقة_الزمنية",
    "state": "state status statut état etat الحالة",
    "rhythm": "rhythm rythme fréquence الإيقاع",
    "hour": "hour heure الساعة",
    "topics": "topics sujets thèmes rubriques المواضيع",
    "labels": "labels tags étiquettes libellés الوسوم",
    "consent": "consent consentement الموافقة",
    "signed_up_at": "signed_up_at signup_date sign_up_date subscribed_at joined_at created_at"
    " date_d_inscription inscrit_le تاريخ_الاشتراك",
    "confirmed_at": "confirmed_at confirmation_date date_de_confirmation",
}
_COLUMNS = {name: column for column, names in _NAMES.items() for name in names.split()}
_SEPARATORS = re.compile(r"[\s\-'’.]+")


def normal_title(title: str) -> str:
    """A title such that two spellings of it are equal: composed, in lower case, with _ between its words."""
    plain = unicodedata.normalize("NFC", title).strip().casefold()
    return _SEPARATORS.sub("_", plain).strip("_")


def usual_column(title: str) -> str | None:
    """Our name of the column that is called `title` in any file, or None for one that means nothing here."""
    return _COLUMNS.get(title)


def columns_named_twice(columns: Sequence[str | None]) -> list[str]:
    """Those of our columns that a header names more than once, sorted."""
    named = [column for column in columns if column is not None]
    return sorted({column for column in named if named.count(column) > 1})
