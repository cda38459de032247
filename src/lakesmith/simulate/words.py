# ruff: noqa: SIM905  # a word list as a sentence stays readable, and stays short
"""The word lists that the demo company's names, pages and campaigns are made of."""

from dataclasses import dataclass
from typing import Final

FIRST_NAMES: Final = (
    "Ada Aino Alba Alma Amir Anouk Anton Aria Arlo Astrid Bela Benno Bruno Cara Ciro Clara Dario Delia Dora Edda "
    "Eino Elif Elio Emil Enya Esra Fabio Fenja Finn Freya Gita Greta Hanno Hedda Ida Ilias Imke Ines Ivo Jana "
    "Jaro Jonna Juno Kaja Kian Lars Lena Levi Lilo Linus Livia Luan Maila Malik Marek Mila Nael Nela Nils Noor "
    "Oda Olin Oscar Pia Quinn Rafa Ronja Runa Sami Selma Silas Sina Tarek Thea Tilda Timo Vera Vito Yara Yuki "
    "Zeno Zora"
).split()
SURNAME_HEADS: Final = (
    "Ahl Asch Berg Birk Blum Brand Dal Ebers Eck Eller Falk Feld Grau Gron Hag Hall Harn Holm Kall Kern Kirch "
    "Lang Lind Loh Mar Moor Nord Oster Quell Rau Reth Ros Sand Schell Sol Stein Sund Tann Thal Ulm Vall Wald Weid "
    "West Wind Zell"
).split()
SURNAME_TAILS: Final = (
    "au bach berg born by dahl er feldt gaard hof holt horn ing kamp man mann mark ow sen stad strom wig".split()
)

COMPANY_HEADS: Final = (
    "Alder Altra Amber Arven Aster Balto Bervo Boreal Brask Calden Ceres Cobalt Corvo Dalmar Delva Drava Elbar "
    "Elgin Ember Fenwick Ferro Fjell Forma Galen Garva Halden Harrow Helio Indra Isar Jasper Juno Kalmar Kelda "
    "Kestrel Lanto Larch Lumo Marlo Mesa Mistral Narva Nexo Nordal Oberon Olvar Onyx Orla Pallas Pinto Quarz "
    "Quill Ravel Rhone Sable Salix Sorrel Tavira Tessin Umbra Valdo Verdon Wendel Yarrow Zephon"
).split()
COMPANY_MIDDLES: Final = (
    "Analytics Automation Bearings Biotech Carriers Castings Chemicals Components Controls Diagnostics Drives "
    "Electronics Energy Foods Freight Glass Hydraulics Implants Instruments Labs Laser Logistics Machines "
    "Materials Media Metals Mobility Motion Networks Optics Packaging Paper Pharma Pumps Retail Robotics Sensors "
    "Software Solar Steel Storage Systems Textiles Timber Tools Trading Valves Water"
).split()
COMPANY_TAILS: Final = (
    "GmbH", "AG", "Ltd", "SAS", "BV", "Oy", "AB", "SpA", "& Co. KG", "Group",
    "Holding", ", Inc.", ", Partners", '"East"', "plc", "SA",
)  # fmt: skip  # the commas and the quotes are there so that CSV readers have to mean it

INDUSTRIES: Final = (
    "Manufacturing", "Logistics", "Energy", "Software", "Healthcare", "Retail",
    "Chemicals", "Construction", "Food", "Media",
)  # fmt: skip
COUNTRIES: Final = (  # (country, share of 256)
    ("Germany", 84), ("France", 34), ("Netherlands", 26), ("United Kingdom", 24), ("Spain", 20), ("Italy", 18),
    ("Poland", 16), ("Sweden", 12), ("Austria", 12), ("Finland", 10),
)  # fmt: skip
DIAL_CODES: Final = ("+49 30", "+33 1", "+31 20", "+44 20", "+34 91", "+39 02", "+48 22", "+46 8")

PRODUCT_HEADS: Final = (
    "Arc Atlas Beacon Bolt Canyon Cirrus Comet Crest Delta Dune Echo Flux Grove Halo Helix Iris Kite Lumen Mantis "
    "Nova Orbit Peak Prism Pulse Quanta Ridge Sierra Spark Summit Tide Vector Zenith"
).split()
PRODUCT_MODELS: Final = "Air Core Duo Edge Flex Go Lite Max Mini Neo One Plus Pro S X XL".split()


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of product with its price range in cents."""

    name: str
    noun: str
    low: int
    high: int


CATEGORIES: Final = (
    Category("Sensors", "Sensor", 1_900, 38_000),
    Category("Gateways", "Gateway", 9_900, 89_000),
    Category("Controllers", "Controller", 14_900, 210_000),
    Category("Displays", "Display", 7_900, 120_000),
    Category("Cables", "Cable Set", 490, 5_900),
    Category("Power", "Power Unit", 3_900, 64_000),
    Category("Licences", "Licence", 4_900, 48_000),
    Category("Services", "Service Pack", 12_000, 160_000),
)


@dataclass(frozen=True, slots=True)
class Campaign:
    """A marketing campaign: its share of leads (of 256), how well it converts (percent), its visitors' origin."""

    name: str
    share: int
    quality: int
    source: str
    medium: str
    landing: str


CAMPAIGNS: Final = (
    Campaign("spring_launch", 46, 14, "google", "cpc", "/signup"),
    Campaign("partner_webinar", 26, 38, "partner", "referral", "/signup"),
    Campaign("autumn_sale", 40, 20, "newsletter", "email", "/pricing"),
    Campaign("brand_search", 34, 29, "google", "cpc", "/pricing"),
    Campaign("trade_fair", 18, 46, "fair", "offline", "/signup"),
    Campaign("retargeting", 36, 9, "display", "banner", "/"),
    Campaign("customer_stories", 24, 24, "social", "post", "/blog/customer-stories"),
)
NO_CAMPAIGN_QUALITY: Final = 17
UTM_TERMS: Final = (
    "iot gateway", "sensor kit", "predictive maintenance", "condition monitoring",
    "industrial display", "edge controller",
    "energy metering", "machine data",
)  # fmt: skip

BLOG_SLUGS: Final = (
    "customer-stories", "five-signs-of-wear", "edge-or-cloud", "energy-audit-guide",
    "how-we-calibrate", "meet-the-team",
    "modbus-in-practice", "retrofit-checklist", "sensor-placement", "spare-parts-planning",
    "the-cost-of-downtime", "year-in-review",
)  # fmt: skip
ASSETS: Final = (
    ("/static/app.css", None), ("/static/app.js", "v=12"), ("/static/vendor.js", None), ("/img/logo.svg", None),
    ("/img/hero.png", None), ("/favicon.ico", None), ("/static/print.css", "v=3"), ("/img/team.png", None),
)  # fmt: skip
LOST_PAGES: Final = ("/old-pricing", "/wp-login.php", "/products/P0", "/blog/draft", "/.env", "/signup-old")
REFERRERS: Final = (
    "-", "-", "-", "https://www.lakedemo.example/", "https://www.lakedemo.example/pricing", "https://search.example/",
    "https://news.example/industry", "https://social.example/feed",
)  # fmt: skip
HUMAN_AGENTS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) AppleWebKit/605.1 (KHTML, like Gecko) Version/18.1 Safari/605.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1 (KHTML, like Gecko) Mobile Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
)
ROBOT_AGENTS: Final = (
    "Mozilla/5.0 (compatible; ExampleBot/2.1; +https://search.example/about)",
    "SiteCrawler/1.4 (+https://index.example)",
    "polite-spider/0.9",
    "curl/8.9.1",
    "Wget/1.24.5",
    "python-requests/2.32.3",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/141.0.0.0 Safari/537.36",
    "UptimeBOT/3.0",
)
LOG_GARBAGE: Final = (
    "\\x16\\x03\\x01\\x00\\xee\\x01",
    "---- log rotated ----",
    "[error] upstream timed out while reading response header",
    '"-" 408 0',
    "child pid 4711 exit signal Segmentation fault (11)",
)
