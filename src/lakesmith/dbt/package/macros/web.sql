{# The first value of a parameter in a query string or URL, decoded; null where it is missing or empty. #}
{% macro query_param(query, name) -%}
  {%- set value = lakesmith.extract_first(query, '(?:^|[?&])' ~ name ~ '=([^&#]*)') -%}
  {{ lakesmith.percent_decode("replace(" ~ value ~ ", '+', ' ')") }}
{%- endmacro %}


{# %20 becomes a blank, %C3%A4 an ä; text that is no percent-encoded UTF-8 stays as it is, and never stops a model. #}
{% macro percent_decode(text) %}{{ return(adapter.dispatch('percent_decode', 'lakesmith')(text)) }}{% endmacro %}

{% macro default__percent_decode(text) %}{{ return(lakesmith.url_decode(text)) }}{% endmacro %}

{% macro postgres__percent_decode(text) -%}{{ return('lakesmith.percent_decode(' ~ text ~ ')') }}{%- endmacro %}

{% macro duckdb__percent_decode(text) -%}
  {{ return('coalesce(try(' ~ lakesmith.url_decode(text) ~ '), ' ~ text ~ ')') }}
{%- endmacro %}


{#
  The parts of a request line, `GET /a?b HTTP/1.1`, for logs that keep it whole: method, target (path and query), path, query, protocol;
  null where the line is no HTTP request. Logs that Lakesmith reads have these as columns.
#}
{% macro request_part(request, part) -%}
  {%- set method, version = '[A-Za-z][A-Za-z0-9!#$%&*+.^_`|~-]*', 'HTTP/[0-9]+(?:[.][0-9]+)?' -%}
  {%- set patterns = {
    'method': '^(' ~ method ~ ') [^ ].* ' ~ version ~ '$',
    'target': '^' ~ method ~ ' ([^ ].*) ' ~ version ~ '$',
    'path': '^' ~ method ~ ' ([^ ?][^?]*)(?:[?].*)? ' ~ version ~ '$',
    'query': '^' ~ method ~ ' [^ ?][^?]*[?](.*) ' ~ version ~ '$',
    'protocol': '^' ~ method ~ ' [^ ].* (' ~ version ~ ')$',
  } -%}
  {%- if part not in patterns -%}
    {{ exceptions.raise_compiler_error('request_part() knows method, target, path, query and protocol, not `' ~ part ~ '`.') }}
  {%- endif -%}
  {{ return(lakesmith.extract_first(request, patterns[part])) }}
{%- endmacro %}


{# The names of the parameters with which advertisements are told apart: tags of a campaign, and ids of one click. #}
{% macro campaign_tags() -%}
  {{ return(['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content', 'utm_id']) }}
{%- endmacro %}

{% macro click_ids() -%}
  {{ return({
    'gclid': 'google', 'gbraid': 'google', 'wbraid': 'google', 'dclid': 'google', 'fbclid': 'facebook', 'msclkid': 'microsoft',
    'ttclid': 'tiktok', 'twclid': 'x', 'li_fat_id': 'linkedin', 'epik': 'pinterest', 'rdt_cid': 'reddit', 'yclid': 'yandex',
    'mc_eid': 'mailchimp',
  }) }}
{%- endmacro %}


{# Columns of a query string for a select list: the six utm_ tags, decoded; `click_id`, the first id of a click, and `click_network`. #}
{% macro campaign_columns(query) -%}
  {%- set ids, networks = [], [] -%}
  {%- for name, network in lakesmith.click_ids().items() -%}
    {%- do ids.append(lakesmith.query_param(query, name)) -%}
    {%- do networks.append("when " ~ lakesmith.query_param(query, name) ~ " is not null then '" ~ network ~ "'") -%}
  {%- endfor -%}
  {%- for name in lakesmith.campaign_tags() %}
  {{ lakesmith.query_param(query, name) }} as {{ name }},
  {%- endfor %}
  coalesce({{ ids | join(', ') }}) as click_id,
  case {{ networks | join(' ') }} end as click_network
{%- endmacro %}


{# True where a query string says that a campaign brought the visitor: a utm_ tag that names one, or the id of a click. #}
{% macro has_campaign(query) -%}
  {%- set names = ['utm_source', 'utm_medium', 'utm_campaign', 'utm_id'] + (lakesmith.click_ids() | list) -%}
  coalesce({{ lakesmith.matches(query, '(^|[?&])(' ~ names | join('|') ~ ')=[^&#]') }}, false)
{%- endmacro %}


{# The host of a URL in lower case, without user, port, a last dot and `www.`; null where it has none. #}
{% macro url_host(url) -%}
  {%- set host = lakesmith.extract_first('lower(trim(' ~ url ~ '))', '^[a-z][a-z0-9+.-]*://(?:[^/?#]*@)?([^/?#:@]+)') -%}
  nullif({{ lakesmith.replace_all(host, '^www[.]|[.]$', '') }}, '')
{%- endmacro %}


{# Hosts of search engines and of social networks, as patterns for url_host(). Others are no secret: add them in the project. #}
{% macro search_hosts() -%}
  {{ return([
    '(m[.])?google[.]((com|co)[.])?[a-z]{2,3}', '([a-z]{2}[.]|cn[.])?bing[.]com', '((html|lite|start|safe)[.])?duckduckgo[.]com',
    '([a-z]{2,3}[.])*search[.]yahoo[.](com|co[.]jp)', '([a-z]+[.])?yandex[.]((com|co)[.])?[a-z]{2,3}', 'ya[.]ru', '(m[.])?baidu[.]com',
    'ecosia[.]org', '([a-z0-9]+[.])?startpage[.]com', '(lite[.])?qwant[.]com', 'search[.]brave[.]com', 'kagi[.]com',
    '(m[.])?search[.]naver[.]com', 'search[.]seznam[.]cz', '(m[.])?sogou[.]com', '([a-z]+[.])?so[.]com', 'search[.]aol[.](com|co[.]uk)',
    'ask[.]com', 'swisscows[.]com', 'mojeek[.]com',
  ]) }}
{%- endmacro %}

{% macro social_hosts() -%}
  {{ return([
    '([a-z-]+[.])*facebook[.]com', 'fb[.](com|me)', '(l[.])?instagram[.]com', '(mobile[.])?twitter[.]com', 't[.]co', 'x[.]com',
    '([a-z]+[.])?linkedin[.]com', 'lnkd[.]in', '([a-z]+[.])?reddit[.]com', '([a-z]+[.])?pinterest[.]((com|co)[.])?[a-z]{2,3}', 'pin[.]it',
    '(m[.])?youtube[.]com', 'youtu[.]be', '(vm[.]|m[.])?tiktok[.]com', '(l[.])?threads[.](net|com)', '(go[.])?bsky[.]app', 'mastodon[.]social',
    'xing[.]com', '(m[.]|away[.])?vk[.]com', '([a-z]+[.])?snapchat[.]com', '([a-z]+[.])?quora[.]com', '([a-z]+[.])?discord[.]com',
    't[.]me', '([a-z]+[.])?whatsapp[.]com', '([a-z]+[.])?weibo[.](com|cn)', '([a-z0-9-]+[.])?tumblr[.]com', 'news[.]ycombinator[.]com',
  ]) }}
{%- endmacro %}


{#
  How a request came to the site: campaign (its query says so) · direct (no referrer) · internal · search · social · referral (any other
  host) · unknown (a referrer without a host).

  own_hosts: host names of the site; those below them count too
  query:     an expression for the query string of the request, none to leave campaigns out
#}
{% macro referrer_class(referrer, own_hosts=[], query=none, search=[], social=[]) -%}
  {%- set host = lakesmith.url_host(referrer) -%}
  {%- set own = [] -%}
  {%- for name in own_hosts -%}{%- do own.append((name | lower | replace('www.', '')).replace('.', '[.]')) -%}{%- endfor -%}
  case
    {%- if query is not none %}
    when {{ lakesmith.has_campaign(query) }} then 'campaign'
    {%- endif %}
    when coalesce(trim({{ referrer }}), '') in ('', '-') then 'direct'
    when {{ host }} is null then 'unknown'
    {%- if own %}
    when {{ lakesmith.matches(host, '^([^.]+[.])*(' ~ own | join('|') ~ ')$') }} then 'internal'
    {%- endif %}
    when {{ lakesmith.matches(host, '^(' ~ (lakesmith.search_hosts() + search) | join('|') ~ ')$') }} then 'search'
    when {{ lakesmith.matches(host, '^(' ~ (lakesmith.social_hosts() + social) | join('|') ~ ')$') }} then 'social'
    else 'referral'
  end
{%- endmacro %}


{# The path of a page, without query, fragment and trailing slashes; the root stays `/`. #}
{% macro page_path(path) -%}
  {%- set bare = "rtrim(split_part(split_part(" ~ path ~ ", '?', 1), '#', 1), '/')" -%}
  case when {{ bare }} = '' then '/' else {{ bare }} end
{%- endmacro %}


{# True for files that a page pulls in. #}
{% macro is_asset(path, extensions=['css', 'js', 'png', 'svg', 'ico']) -%}
  {{ lakesmith.matches("lower(" ~ lakesmith.page_path(path) ~ ")", '[.](' ~ extensions | join('|') ~ ')$') }}
{%- endmacro %}
