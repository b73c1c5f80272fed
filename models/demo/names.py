"""Names that are common in these colonies, in Latin and in Urdu letters, put together at random: nobody's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import NamedTuple


class Name(NamedTuple):
    """One name in both scripts."""

    latin: str
    urdu: str


def _table(text: str) -> tuple[Name, ...]:
    """Read `Aslam = اسلم, Akbar = اکبر`: pairs as people read them, several on a line."""
    pairs = (pair.split("=") for pair in text.replace("\n", ",").split(",") if pair.strip())
    return tuple(Name(latin.strip(), urdu.strip()) for latin, urdu in pairs)


MEN = _table("""
Aslam = اسلم, Akbar = اکبر, Akram = اکرم, Anwar = انور, Arshad = ارشد, Asif = آصف
Ashraf = اشرف, Afzal = افضل, Amjad = امجد, Arif = عارف, Adnan = عدنان, Asghar = اصغر
Bashir = بشیر, Bilal = بلال, Babar = بابر, Danish = دانش, Ejaz = اعجاز, Faisal = فیصل
Farooq = فاروق, Fahad = فہد, Farhan = فرحان, Ghulam Mustafa = غلام مصطفیٰ, Hafeez = حفیظ
Hamid = حامد, Hanif = حنیف, Haroon = ہارون, Hassan = حسن, Iftikhar = افتخار, Ikram = اکرام
Imran = عمران, Iqbal = اقبال, Irfan = عرفان, Ismail = اسماعیل, Javed = جاوید, Jamil = جمیل
Junaid = جنید, Kamran = کامران, Kashif = کاشف, Khalid = خالد, Khurram = خرم, Liaquat = لیاقت
Mansoor = منصور, Mushtaq = مشتاق, Nadeem = ندیم, Naeem = نعیم, Nasir = ناصر, Naveed = نوید
Nawaz = نواز, Nisar = نثار, Qasim = قاسم, Rafiq = رفیق, Rashid = راشد, Rizwan = رضوان
Sajid = ساجد, Saleem = سلیم, Sarfraz = سرفراز, Shafiq = شفیق, Shahid = شاہد, Shakeel = شکیل
Shabbir = شبیر, Tahir = طاہر, Tanveer = تنویر, Tariq = طارق, Usman = عثمان, Waheed = وحید
Waqar = وقار, Waseem = وسیم, Yasir = یاسر, Yaqoob = یعقوب, Yousuf = یوسف, Zafar = ظفر
Zahid = زاہد, Zubair = زبیر, Abdul Rehman = عبدالرحمان, Abdul Ghaffar = عبدالغفار
Abdul Sattar = عبدالستار, Abdul Majeed = عبدالمجید, Sher Zaman = شیر زمان, Gul Khan = گل خان
""")

WOMEN = _table("""
Aasia = آسیہ, Amina = آمنہ, Asma = اسماء, Ayesha = عائشہ, Bushra = بشریٰ, Farzana = فرزانہ
Fatima = فاطمہ, Fouzia = فوزیہ, Ghazala = غزالہ, Gulshan = گلشن, Hajra = ہاجرہ, Halima = حلیمہ
Humaira = حمیرا, Jamila = جمیلہ, Kausar = کوثر, Khadija = خدیجہ, Kulsoom = کلثوم, Lubna = لبنیٰ
Maryam = مریم, Mehnaz = مہناز, Mumtaz = ممتاز, Nadia = نادیہ, Naheed = ناہید, Najma = نجمہ
Nargis = نرگس, Nasreen = نسرین, Nazia = نازیہ, Parveen = پروین, Rabia = رابعہ, Rehana = ریحانہ
Robina = روبینہ, Rukhsana = رخسانہ, Sadia = سعدیہ, Safia = صفیہ, Sajida = ساجدہ, Sakina = سکینہ
Salma = سلمیٰ, Samina = ثمینہ, Shabana = شبانہ, Shagufta = شگفتہ, Shahida = شاہدہ
Shamim = شمیم, Shazia = شازیہ, Sumaira = سمیرا, Surayya = ثریا, Tahira = طاہرہ, Yasmeen = یاسمین
Zahida = زاہدہ, Zainab = زینب, Zubaida = زبیدہ
""")

CHRISTIAN_MEN = _table("""
Pervaiz = پرویز, Yousaf = یوسف, Patras = پطرس, Emmanuel = عمانوئیل, Sunny = سنی, Shahzad = شہزاد
Boota = بوٹا, Daniel = دانیال, Samuel = سموئیل, Nazir = نذیر, Inayat = عنایت, Rafaqat = رفاقت
""")

CHRISTIAN_WOMEN = _table("""
Mariam = مریم, Rebecca = ربقہ, Sharoon = شارون, Martha = مارتھا, Shamim = شمیم, Razia = رضیہ
Esther = آستر, Nasreen = نسرین
""")


@dataclass(frozen=True)
class Community:
    """People who name their children and their clans alike."""

    men: tuple[Name, ...]
    women: tuple[Name, ...]
    families: tuple[Name, ...]
    before_men: tuple[Name, ...]
    """What is often put before a man's name."""


def _muslim(families: str) -> Community:
    before = (Name("Muhammad", "محمد"), Name("Muhammad", "محمد"), Name("Haji", "حاجی"))
    return Community(MEN, WOMEN, _table(families), before)


COMMUNITIES = {
    "baloch": _muslim("""
        Baloch = بلوچ, Rind = رند, Lashari = لاشاری, Bugti = بگٹی, Mengal = مینگل, Brohi = بروہی
        Kalmati = کلمتی, Jadgal = جدگال, Gabol = گبول, Sanjrani = سنجرانی
    """),
    "sindhi": _muslim("""
        Soomro = سومرو, Memon = میمن, Abro = ابڑو, Channa = چنہ, Bhutto = بھٹو, Jokhio = جوکھیو
        Palijo = پلیجو, Samoo = سموں, Khaskheli = خاصخیلی, Mallah = ملاح
    """),
    "pashtun": _muslim("""
        Khan = خان, Afridi = آفریدی, Yousafzai = یوسفزئی, Khattak = خٹک, Mehsud = محسود
        Wazir = وزیر, Mohmand = مہمند, Shinwari = شنواری, Orakzai = اورکزئی, Bangash = بنگش
    """),
    "hazarewal": _muslim("""
        Awan = اعوان, Tanoli = تنولی, Abbasi = عباسی, Swati = سواتی, Jadoon = جدون, Gujjar = گجر
        Karlal = کڑلال, Turk = ترک, Mughal = مغل, Dhund = ڈھونڈ
    """),
    "punjabi": _muslim("""
        Butt = بٹ, Chaudhry = چوہدری, Malik = ملک, Rajput = راجپوت, Arain = آرائیں, Jutt = جٹ
        Cheema = چیمہ, Mirza = مرزا, Raja = راجہ, Dar = ڈار, Bhatti = بھٹی, Sheikh = شیخ
    """),
    "urdu": _muslim("""
        Siddiqui = صدیقی, Ansari = انصاری, Qureshi = قریشی, Farooqui = فاروقی, Zaidi = زیدی
        Naqvi = نقوی, Rizvi = رضوی, Usmani = عثمانی, Hashmi = ہاشمی, Beg = بیگ, Saifi = سیفی
    """),
    "memon": _muslim("""
        Dada = دادا, Motiwala = موتی والا, Lakhani = لاکھانی, Dhedhi = ڈھیڈی, Tabba = ٹبہ
        Adhi = آدھی, Bawany = باوانی, Chhipa = چھیپا, Kapadia = کپاڈیا
    """),
    "christian": Community(
        CHRISTIAN_MEN,
        CHRISTIAN_WOMEN,
        _table("Masih = مسیح, Gill = گل, Sadiq = صادق, Bhatti = بھٹی, Khokhar = کھوکھر"),
        (),
    ),
}

TRADES = _table("""
General Store = جنرل اسٹور, Bakers = بیکرز, Tailors = ٹیلرز, Milk Shop = دودھ شاپ
Medical Store = میڈیکل اسٹور, Hotel = ہوٹل, Cloth House = کلاتھ ہاؤس, Electric Works = الیکٹرک ورکس
Mobile Center = موبائل سینٹر, Autos = آٹوز, Chicken Shop = چکن شاپ, Hardware = ہارڈویئر
""")


class Families:
    """Names of one locality, drawn by the shares of its communities."""

    def __init__(self, shares: dict[str, int]) -> None:
        self._communities = [COMMUNITIES[name] for name in shares]
        self._cumulated = list(accumulate(shares.values()))

    def person(self, dice: Random) -> Name:
        """An account holder: of ten, nine are men."""
        community = self._community(dice)
        family = _pick(dice, community.families)
        if dice.random() < 0.1:
            return _joined(_pick(dice, community.women), family)
        given = _pick(dice, community.men)
        # "Abdul" and its like are whole already; nobody is called Haji Abdul at a counter here.
        if community.before_men and " " not in given.latin and dice.random() < 0.4:
            return _joined(_pick(dice, community.before_men), given, family)
        return _joined(given, family)

    def shop(self, dice: Random) -> Name:
        """A shop under its owner's name."""
        owner = _pick(dice, self._community(dice).families)
        return _joined(owner, _pick(dice, TRADES))

    def _community(self, dice: Random) -> Community:
        return dice.choices(self._communities, cum_weights=self._cumulated)[0]


def _pick(dice: Random, names: Sequence[Name]) -> Name:
    # Four times as fast as Random.choice, and 80,000 people draw three names each.
    return names[int(dice.random() * len(names))]


def _joined(*names: Name) -> Name:
    return Name(" ".join(name[0] for name in names), " ".join(name[1] for name in names))
