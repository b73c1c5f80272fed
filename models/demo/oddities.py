"""The awkward consumers that every real list has, put on purpose among the first ones of the first locality."""

from collections.abc import Mapping
from dataclasses import dataclass, field

ONE_ADDRESS = "House 2, Ground Floor, Gali 1, Baloch Para, Gizri, Karachi"


@dataclass(frozen=True, kw_only=True)
class Oddity:
    """What makes one consumer awkward."""

    why: str
    account_no: str | None = None
    fields: Mapping[str, object] = field(default_factory=dict)
    """Fields of the consumer that differ from the usual."""
    late: bool = False
    """Owes three months, so an officer meets it on the first day."""
    credited: bool = False
    """This month's bill is negative."""


_ONE_PAYER = {
    "name": "Haji Dad Muhammad Gabol",
    "name_ur": "حاجی داد محمد گبول",
    "address": ONE_ADDRESS,
    "phone_e164": "+923640000004",
    "lat_e6": 24_812_530,
    "lon_e6": 67_041_400,
    "accuracy_m": 6,
}

ODDITIES: dict[int, Oddity] = {
    3: Oddity(why="almost only zeros", account_no="0400000000007", late=True),
    4: Oddity(why="one payer, several accounts: his home", fields=_ONE_PAYER, late=True),
    5: Oddity(why="one payer, several accounts: his shop", fields=_ONE_PAYER, late=True),
    6: Oddity(why="two leading zeros", account_no="0040000000123", late=True),
    9: Oddity(
        why="Urdu letters and digits where Latin ones are usual",
        fields={
            "name": "غلام رسول بلوچ",
            "name_ur": "غلام رسول بلوچ",
            "address": "مکان نمبر ۱۲/۳، گلی ۵، بلوچ پاڑہ، گذری، کراچی",
        },
        late=True,
    ),
    12: Oddity(
        why="a name of a hundred letters",
        fields={
            "name": "Anjuman-e-Falah-o-Behbood Masjid Noor-ul-Islam wa Madrassa"
            " Taleem-ul-Quran (Trust), through Secretary",
            "name_ur": "انجمنِ فلاح و بہبود مسجد نورالاسلام و مدرسہ تعلیم القرآن (ٹرسٹ) بمعرفت سیکریٹری",
        },
        late=True,
    ),
    15: Oddity(why="no telephone", fields={"phone_e164": None}, late=True),
    18: Oddity(
        why="never located",
        fields={"lat_e6": None, "lon_e6": None, "accuracy_m": None},
        late=True,
    ),
    21: Oddity(why="billing owes him", fields={"flags": ["NM"]}, credited=True),
    24: Oddity(why="pays by instalments", fields={"flags": ["Def", "SI"]}, late=True),
    27: Oddity(why="before a court", fields={"flags": ["Def", "Ltg"]}, late=True),
    30: Oddity(why="a dog, or worse", fields={"flags": ["Def", "unsafe"]}, late=True),
    33: Oddity(why="no Urdu name in billing", fields={"name_ur": None}, late=True),
    36: Oddity(
        why="payment lock and legal case", fields={"flags": ["Def", "PL", "Ltg"]}, late=True
    ),
}
"""By the consumer's serial number."""

LATE = frozenset(serial for serial, odd in ODDITIES.items() if odd.late)
CREDITED = frozenset(serial for serial, odd in ODDITIES.items() if odd.credited)
