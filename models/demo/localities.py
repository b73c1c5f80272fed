"""The six localities of the pilot: where they lie, how their doors are numbered and who lives there.

Positions, streets and shares are approximate and for show: no house here is anybody's house.
"""

from dataclasses import dataclass
from typing import NamedTuple

from models.area import SafetyLevel


class Box(NamedTuple):
    """The rectangle that holds a locality, in millionths of a degree; no two overlap."""

    south: int
    west: int
    north: int
    east: int


@dataclass(frozen=True, kw_only=True)
class Locality:
    """A locality of the pilot, as the demonstration needs to know it."""

    name: str
    name_ur: str
    aliases: tuple[str, ...]
    box: Box
    share_percent: int
    """Of the IBC's consumers."""
    officers: int
    safety_level: SafetyLevel
    cash_collection_enabled: bool
    blocks: tuple[str, ...]
    """Sectors, mohallas or avenues, in walking order."""
    lane: str
    house: str
    doors_per_house: int
    markets: tuple[str, ...]
    communities: dict[str, int]
    """Of a hundred families, how many belong to each community of names.py."""
    home_kwh: int
    """What a home uses in a usual month."""
    lateness: float
    """How much likelier than an average home one here is to owe more than a month."""


LOCALITIES = (
    Locality(
        name="Gizri",
        name_ur="گذری",
        aliases=("Ghizri", "Gizri Village"),
        box=Box(24_812_500, 67_041_000, 24_820_000, 67_050_000),
        share_percent=14,
        officers=4,
        safety_level=SafetyLevel.CARE,
        cash_collection_enabled=True,
        blocks=("Baloch Para", "Ghareebabad", "Masjid Mohalla", "Upper Gizri", "Lower Gizri"),
        lane="Gali",
        house="House",
        doors_per_house=4,
        markets=("Gizri Road", "Gizri Bazaar", "Timber Market Gizri"),
        communities={"baloch": 34, "sindhi": 16, "pashtun": 20, "urdu": 20, "christian": 10},
        home_kwh=210,
        lateness=1.2,
    ),
    Locality(
        name="Akhtar Colony",
        name_ur="اختر کالونی",
        aliases=("Akhter Colony",),
        box=Box(24_842_500, 67_066_000, 24_849_500, 67_076_000),
        share_percent=16,
        officers=5,
        safety_level=SafetyLevel.CARE,
        cash_collection_enabled=True,
        blocks=("Sector A", "Sector B", "Sector C", "Sector D", "Sector E"),
        lane="Street",
        house="House",
        doors_per_house=4,
        markets=("Main Bazaar", "Korangi Road", "Double Road Market"),
        communities={"punjabi": 38, "hazarewal": 12, "pashtun": 14, "urdu": 16, "christian": 20},
        home_kwh=220,
        lateness=1.3,
    ),
    Locality(
        name="Qayyumabad",
        name_ur="قیوم آباد",
        aliases=("Quyumabad", "Qayumabad"),
        box=Box(24_830_000, 67_082_000, 24_841_500, 67_093_000),
        share_percent=18,
        officers=5,
        safety_level=SafetyLevel.ESCORT,
        # Where an officer needs an escort he had better not carry cash.
        cash_collection_enabled=False,
        blocks=("A Area", "B Area", "C Area", "D Area"),
        lane="Street",
        house="House",
        doors_per_house=4,
        markets=("Qayyumabad Chowrangi", "B Area Bazaar", "Korangi Causeway Market"),
        communities={"pashtun": 32, "punjabi": 28, "hazarewal": 12, "urdu": 14, "christian": 14},
        home_kwh=190,
        lateness=1.5,
    ),
    Locality(
        name="P&T Colony",
        name_ur="پی اینڈ ٹی کالونی",
        aliases=("T&T Colony", "PNT Colony"),
        box=Box(24_821_500, 67_036_000, 24_827_500, 67_043_500),
        share_percent=10,
        officers=3,
        safety_level=SafetyLevel.NORMAL,
        cash_collection_enabled=True,
        blocks=("Block 1", "Block 2", "Block 3", "New Quarters"),
        lane="Lane",
        house="Quarter",
        doors_per_house=4,
        markets=("P&T Market", "Gate No. 2 Market"),
        communities={"urdu": 40, "punjabi": 24, "pashtun": 14, "sindhi": 12, "christian": 10},
        home_kwh=200,
        lateness=1.0,
    ),
    Locality(
        name="Hazara Colony",
        name_ur="ہزارہ کالونی",
        aliases=(),
        box=Box(24_835_000, 67_071_000, 24_841_000, 67_079_000),
        share_percent=8,
        officers=3,
        safety_level=SafetyLevel.CARE,
        cash_collection_enabled=True,
        blocks=("Mohalla Awan", "Mohalla Tanoli", "Madina Mohalla", "Station Side"),
        lane="Gali",
        house="House",
        doors_per_house=4,
        markets=("Hazara Chowk", "Madina Bazaar"),
        communities={"hazarewal": 62, "pashtun": 20, "punjabi": 10, "urdu": 8},
        home_kwh=180,
        lateness=1.4,
    ),
    Locality(
        name="Defence",
        name_ur="ڈیفنس",
        aliases=("DHA", "Defence Phases", "Defence Housing Authority"),
        box=Box(24_800_000, 67_051_000, 24_829_000, 67_080_000),
        share_percent=34,
        officers=10,
        safety_level=SafetyLevel.NORMAL,
        cash_collection_enabled=True,
        blocks=(
            "Khayaban-e-Badban, Phase V",
            "Khayaban-e-Tanzeem, Phase V",
            "Khayaban-e-Shamsheer, Phase V",
            "Khayaban-e-Ittehad, Phase VI",
            "Khayaban-e-Bukhari, Phase VI",
            "Khayaban-e-Muslim, Phase VI",
            "Gizri Avenue, Phase IV",
            "Khayaban-e-Jami, Phase VII",
            "Khayaban-e-Ghalib, Phase VIII",
        ),
        lane="Street",
        house="Bungalow",
        doors_per_house=2,
        markets=("Zamzama Commercial, Phase V", "Bukhari Commercial, Phase VI", "Phase IV Market"),
        communities={"urdu": 40, "memon": 22, "punjabi": 18, "sindhi": 12, "pashtun": 8},
        home_kwh=620,
        lateness=0.5,
    ),
)


def counts(consumers: int) -> list[int]:
    """How many consumers each locality gets; the last takes what rounding leaves."""
    shares = [consumers * place.share_percent // 100 for place in LOCALITIES[:-1]]
    return [*shares, consumers - sum(shares)]
