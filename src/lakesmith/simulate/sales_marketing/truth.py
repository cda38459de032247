"""What the marts of the company must hold: computed from what happened, and not from what was loaded."""

from collections.abc import Sequence
from typing import Final

from lakesmith.simulate.sales_marketing import marketing_truth, sales_truth
from lakesmith.simulate.sales_marketing.books import books_at
from lakesmith.simulate.sales_marketing.business import SalesMarketing
from lakesmith.simulate.sales_marketing.figures import Row

SALES_MARKETING_MARTS: Final[dict[str, tuple[str, ...]]] = {
    "mart_channel_days": (
        "day", "channel", "impressions", "reach", "clicks", "spend", "conversions", "conversion_value", "analytics_sessions",
        "sessions", "signups",
    ),
    "mart_acquisition": ("month", "channel", "spend", "new_customers", "cac", "orders", "revenue", "roas"),
    "mart_attribution": ("month", "model", "channel", "campaign", "orders", "revenue"),
    "mart_funnel": ("month", "channel", "visitors", "signups", "leads", "buyers", "signup_pct", "buyer_pct"),
    "mart_retention": (
        "cohort_month", "month", "month_number", "customers", "active_customers", "revenue", "retained_pct",
    ),
    "mart_campaigns": (
        "platform", "campaign_id", "campaign_name", "status", "spend", "impressions", "clicks", "conversions",
        "conversion_value", "sessions", "signups", "orders", "revenue", "roas", "won_deals", "won_amount",
    ),
    "mart_customers": (
        "customer_id", "customer_name", "email", "phone", "zip", "city", "versions", "first_order_on", "orders", "revenue",
        "open_tickets",
    ),
    "mart_products": ("month", "sku", "product_name", "quantity", "gross", "discount", "net"),
    "mart_support": ("month", "tag", "tickets", "open_tickets"),
}  # fmt: skip


def sales_marketing_truth(
    business: SalesMarketing, loads: Sequence[int], *, closed: int | None = None
) -> dict[str, list[Row]]:
    """Return the rows of every mart, without `_ls_built_at`, in no order.

    Args:
        business: Whose marts.
        loads: The days at whose end everything was read, in order; the marts are those after the last.
        closed: The last day of which the platforms have been asked at the last load. None: the last day itself.
    """
    books = books_at(business, tuple(loads))
    last = books.today if closed is None else closed
    return {
        "mart_channel_days": marketing_truth.channel_days(books, last),
        "mart_acquisition": marketing_truth.acquisition(books, last),
        "mart_attribution": marketing_truth.attribution(books),
        "mart_funnel": marketing_truth.funnel(books),
        "mart_retention": sales_truth.retention(books),
        "mart_campaigns": marketing_truth.campaigns(books, last),
        "mart_customers": sales_truth.customers(books),
        "mart_products": sales_truth.products(books),
        "mart_support": sales_truth.support(books),
    }
