"""The tables of the business as its developers made them: enums, jsonb, arrays, numerics without precision, times without a zone."""

from typing import Final

SCHEMA: Final = "billing"
KEYS: Final = {
    "plans": "plan_id",
    "customers": "customer_id",
    "cards": "card_id",
    "subscriptions": "subscription_id",
    "payments": "payment_id",
    "refunds": "refund_id",
}
COLUMNS: Final = {
    "plans": ("plan_id", "code", "name", "billing_interval", "amount", "is_archived", "features", "updated_at"),
    "customers": (
        "customer_id", "full_name", "email", "country", "tags", "metadata", "created_at", "deleted_at", "updated_at",
    ),
    "cards": ("card_id", "customer_id", "brand", "last4", "expires", "created_at", "updated_at"),
    "subscriptions": (
        "subscription_id", "customer_id", "plan_id", "quantity", "unit_amount", "currency", "status", "valid_from",
        "trial_ends_at", "valid_to", "updated_at",
    ),
    "payments": (
        "payment_id", "subscription_id", "customer_id", "card_id", "invoice_no", "amount", "currency", "status", "details",
        "created_at", "paid_at", "deleted_at", "updated_at",
    ),
    "refunds": ("refund_id", "payment_id", "amount", "reason", "created_at", "updated_at"),
}  # fmt: skip
DDL: Final = """
create schema billing;
create schema simulator;
create table simulator.clock (tick integer not null, seed integer not null, scale double precision not null, start date not null);
create table simulator.loads (tick integer primary key);

create type billing.billing_interval as enum ('month', 'year');
create type billing.subscription_status as enum ('trialing', 'scheduled', 'active', 'replaced', 'canceled');
create type billing.payment_status as enum ('pending', 'succeeded', 'failed');
create type billing.refund_reason as enum ('requested_by_customer', 'duplicate', 'fraudulent');

create table billing.plans (
  plan_id integer primary key,
  code text not null,
  name text not null,
  billing_interval billing.billing_interval not null,
  amount numeric not null,
  is_archived boolean not null default false,
  features text[],
  updated_at timestamptz not null
);
comment on table billing.plans is 'What is sold; names and prices change in place.';

create table billing.customers (
  customer_id bigint primary key,
  full_name text,
  email text not null,
  country text,
  tags text[],
  metadata jsonb,
  created_at timestamp,
  deleted_at timestamptz,
  updated_at timestamptz not null
);
comment on table billing.customers is 'Accounts; a person may have several.';
comment on column billing.customers.created_at is 'UTC, without saying so.';
create index on billing.customers (updated_at);

create table billing.cards (
  card_id bigint primary key,
  customer_id bigint not null,
  brand text,
  last4 varchar(4),
  expires text,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table billing.subscriptions (
  subscription_id bigint primary key,
  customer_id bigint not null,
  plan_id integer not null,
  quantity integer,
  unit_amount numeric not null,
  currency text,
  status billing.subscription_status not null,
  valid_from timestamptz not null,
  trial_ends_at timestamptz,
  valid_to timestamptz default 'infinity',
  updated_at timestamptz not null
);
comment on table billing.subscriptions is 'A row per plan that a customer has; a change of plan ends one row and begins another.';
create index on billing.subscriptions (updated_at);

create table billing.payments (
  payment_id bigint primary key,
  subscription_id bigint,
  customer_id bigint not null,
  card_id bigint,
  invoice_no text not null,
  amount text not null,
  currency text,
  status billing.payment_status not null,
  details jsonb not null,
  created_at timestamp,
  paid_at timestamptz,
  deleted_at timestamptz,
  updated_at timestamptz not null
);
comment on column billing.payments.amount is 'Text, since an import of 2019 could not read it.';
create index on billing.payments (updated_at);

create table billing.refunds (
  refund_id bigint primary key,
  payment_id bigint not null,
  amount numeric not null,
  reason billing.refund_reason,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index on billing.refunds (updated_at);
"""
NEWER: Final = "alter table billing.subscriptions add column sales_channel text"
"""What the developers do later: a column that nobody announced."""


def upsert(table: str) -> str:
    """Return the statement that writes a row over the one that may stand there."""
    columns, key = COLUMNS[table], KEYS[table]
    changed = ", ".join(f"{name} = excluded.{name}" for name in columns if name != key)
    places = ", ".join(["%s"] * len(columns))
    names = ", ".join(columns)
    return f"insert into {SCHEMA}.{table} ({names}) values ({places}) on conflict ({key}) do update set {changed}"  # noqa: S608 - our own words
