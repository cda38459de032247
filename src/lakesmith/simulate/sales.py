"""Products, customers and their orders: a year of growing, seasonal sales before the first day."""

from bisect import bisect_right
from datetime import date as calendar
from functools import lru_cache
from itertools import accumulate
from math import isqrt
from random import Random
from typing import Final

from lakesmith.simulate.blocks import Block, Columns, arrange
from lakesmith.simulate.companies import companies_before
from lakesmith.simulate.company import (
    BLOCK_ROWS,
    EPOCH_ORDINAL,
    GHOST_ID,
    MINUTES_PER_DAY,
    Company,
    by_share,
    entities,
    mix,
    parts,
    stride,
)
from lakesmith.simulate.words import (
    CATEGORIES,
    COMPANY_HEADS,
    DIAL_CODES,
    FIRST_NAMES,
    PRODUCT_HEADS,
    PRODUCT_MODELS,
    SURNAME_HEADS,
    SURNAME_TAILS,
)

_ORDER_DAYS: Final = 365
_SIGN_UP_DAYS: Final = 1_095
_FAULTY_CUSTOMERS: Final = 2  # of 100: one without a company, one with a company that does not exist
_FAULTY_ORDERS: Final = 3  # of 200: one without a customer, two with a customer who does not exist
_BY_MONTH: Final = (88, 92, 108, 104, 100, 97, 84, 78, 106, 112, 124, 95)
_BY_WEEKDAY: Final = (104, 112, 110, 106, 96, 42, 30)
_STATUS: Final = by_share([("paid", 140), ("shipped", 84), ("cancelled", 18), ("refunded", 14)])
_DISCOUNT: Final = by_share([(0, 150), (5, 40), (10, 30), (15, 16), (20, 10), (25, 6), (30, 4)])
_MINUTE_OF_DAY: Final = tuple(
    6 * 60 + int(840 * (n / 1023 + n * (1023 - n) * (511 - n) / 1023**3)) for n in range(1024)
)


def init_products(company: Company, block: int, size: int) -> Block:
    """Return one block of the product list."""
    part = parts(size, older=False)
    numbers = _numbers(block, part.fresh)
    rows = [_product(company, number) for number in numbers]
    return Block(_transposed(rows), arrange(company.rng("products", 0, block), len(rows), part))


def init_customers(company: Company, block: int, size: int) -> Block:
    """Return one block of the customer list; who signed up earlier has a smaller number."""
    part = parts(size, older=False)
    rng = company.rng("customers", 0, block)
    rows = [_customer(company, number, rng) for number in _numbers(block, part.fresh)]
    return Block(_transposed(rows), arrange(rng, len(rows), part))


def init_orders(company: Company, block: int, size: int) -> Block:
    """Return one block of the orders; a later order has a greater number."""
    part = parts(size, older=False)
    rng = company.rng("orders", 0, block)
    rows = [_order(company, number, rng) for number in _numbers(block, part.fresh)]
    return Block(_transposed(rows), arrange(rng, len(rows), part))


def popular_product(company: Company, luck: float) -> int:
    """Return a product number for a `luck` in [0, 1); a few products take most of it."""
    known = entities(company.init_rows)
    return int(known * luck * luck) * stride(known) % known + 1


def _numbers(block: int, count: int) -> range:
    first = 1 + block * parts(BLOCK_ROWS, older=False).fresh
    return range(first, first + count)


def _transposed(rows: list[tuple[object, ...]]) -> Columns:
    return tuple(list(column) for column in zip(*rows, strict=True))


def _product(company: Company, number: int) -> tuple[object, ...]:
    luck = mix(company.salt("product") + number)
    category = CATEGORIES[luck & 7]
    head, model = PRODUCT_HEADS[(luck >> 3) & 31], PRODUCT_MODELS[(luck >> 8) & 15]
    name = f"{head} {category.noun} {model} {100 + (luck >> 12) % 900}"
    launched = company.date_number(1) - 380 - (luck >> 30) % 2_600
    return number, name, category.name, list_price(company, number), launched


def list_price(company: Company, number: int) -> int:
    """Return the price of a product in cents."""
    luck = mix(company.salt("product") + number)
    category = CATEGORIES[luck & 7]
    height = (luck >> 40) % 1_000
    return (category.low + (category.high - category.low) * height * height // 1_000_000) // 10 * 10 + (0, 5, 9, 0)[
        luck >> 62
    ]


def _customer(company: Company, number: int, rng: Random) -> tuple[object, ...]:
    luck = mix(company.salt("customer") + number)
    first = FIRST_NAMES[luck % len(FIRST_NAMES)]
    last = SURNAME_HEADS[(luck >> 8) % len(SURNAME_HEADS)] + SURNAME_TAILS[(luck >> 16) % len(SURNAME_TAILS)]
    house = COMPANY_HEADS[(luck >> 24) % len(COMPANY_HEADS)].lower()
    email = f"{first.lower()}.{last.lower()}{number % 61}@{house}.example"
    phone = None if (luck >> 32) % 12 == 0 else f"{DIAL_CODES[(luck >> 36) & 7]} {(luck >> 39) % 10_000_000:07d}"
    known = companies_before(company, 1)
    chance = rng.random()
    home = int(known * chance * chance) * stride(known) % known + 1
    fault = (luck >> 50) % 100
    if fault < _FAULTY_CUSTOMERS:
        home = fault * (GHOST_ID + number % 1_000)
    return number, home, first, last, email, phone, _signed_up_on(company, number)


def _signed_up_on(company: Company, number: int) -> int:
    """Return the date number; it never falls as `number` grows, and sign-ups come faster and faster."""
    customers = entities(company.init_rows)
    offset = isqrt((_SIGN_UP_DAYS - 1) ** 2 * number // customers)
    return company.date_number(1) - _SIGN_UP_DAYS + min(offset, _SIGN_UP_DAYS - 1)


def _customers_on(company: Company, date: int) -> int:
    """Return how many customers have surely signed up before `date`."""
    passed = date - company.date_number(1) + _SIGN_UP_DAYS
    return max(1, entities(company.init_rows) * passed * passed // _SIGN_UP_DAYS**2)


def _order(company: Company, number: int, rng: Random) -> tuple[object, ...]:
    random = rng.random
    bits = rng.getrandbits(32)
    days = _day_weights(company)
    date = bisect_right(days, (number - random()) / entities(company.init_rows) * days[-1])
    date_number = company.date_number(1) - _ORDER_DAYS + min(date, _ORDER_DAYS - 1)
    luck = random()
    customer = int(_customers_on(company, date_number) * luck * luck) + 1
    fault = (bits >> 16) % 200
    if fault < _FAULTY_ORDERS:
        customer = (fault > 0) * (GHOST_ID + number % 1_000)
    product = popular_product(company, random())
    chance = random()
    quantity = 1 + int(chance * chance * chance * 24)
    price = list_price(company, product) * (95_000 + date * 5_000 // _ORDER_DAYS) // 100_000
    minute = date_number * MINUTES_PER_DAY + _MINUTE_OF_DAY[int(random() * 1024)]
    return number, customer, product, minute, quantity, max(price, 1), _DISCOUNT[bits & 255], _STATUS[(bits >> 8) & 255]


@lru_cache(maxsize=16)
def _day_weights(company: Company) -> tuple[int, ...]:
    """Return the running sum of what each day of the year before the start sells: growth, season, weekday."""
    first = company.date_number(1) - _ORDER_DAYS
    return tuple(accumulate(_day_weight(first + k, 70 + 60 * k // _ORDER_DAYS) for k in range(_ORDER_DAYS)))


def _day_weight(date: int, growth: int) -> int:
    month = calendar.fromordinal(date + EPOCH_ORDINAL).month
    return growth * _BY_MONTH[month - 1] * _BY_WEEKDAY[(date + 3) % 7]
