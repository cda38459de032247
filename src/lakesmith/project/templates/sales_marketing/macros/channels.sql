{#
  Where a visit came from: by the tags of its address, else by the page it came from. Without either it looks as if somebody had
  typed the address.
#}
{% macro channel_of(source, medium, referrer="cast(null as " ~ dbt.type_string() ~ ")") -%}
  case
    when {{ source }} = 'google' and {{ medium }} = 'cpc' then 'google_ads'
    when {{ source }} = 'facebook' and {{ medium }} = 'paid_social' then 'meta_ads'
    when {{ source }} = 'amazon' and {{ medium }} = 'display' then 'amazon_ads'
    when {{ medium }} = 'email' then 'email'
    when {{ medium }} = 'organic' then 'organic_search'
    when {{ medium }} = 'referral' then 'referral'
    when {{ source }} is not null and {{ source }} <> '(direct)' then 'other'
    when {{ lakesmith.matches('lower(' ~ referrer ~ ')', '^https?://([a-z0-9-]+[.])*(google|bing|duckduckgo|ecosia|yahoo)[.]') }} then 'organic_search'
    when {{ referrer }} is not null then 'referral'
    else 'direct'
  end
{%- endmacro %}


{# The state of a campaign in one word, whatever its platform calls it. #}
{% macro campaign_status(status) -%}
  case upper({{ status }})
    when 'ENABLED' then 'active'
    when 'ACTIVE' then 'active'
    when 'PAUSED' then 'paused'
    when 'REMOVED' then 'removed'
    when 'DELETED' then 'removed'
    when 'ARCHIVED' then 'removed'
    else lower({{ status }})
  end
{%- endmacro %}


{# The models that a variable names, one below the other; `columns` are what each of them has. #}
{% macro union_of(models, columns) -%}
  {%- for model in models %}
  select {{ columns | join(', ') }} from {{ ref(model) }}
  {%- if not loop.last %}
  union all
  {%- endif %}
  {%- endfor %}
{%- endmacro %}
