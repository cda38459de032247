{#
  What a user agent says of itself, by tables of rules that are read from above: the first that fits counts. A text that no rule fits is
  `unknown`, a missing one null. An agent may say anything: these are claims, not facts.
#}

{# Programs: [family, pattern over the agent in lower case, what stands before its version]. Robots come before browsers. #}
{% macro agent_robots() -%}
  {{ return([
    ['Googlebot', 'googlebot|google-inspectiontool|googleother|adsbot-google|mediapartners-google|storebot-google', 'googlebot/'],
    ['Bingbot', 'bingbot|bingpreview|adidxbot|msnbot', 'bingbot/'],
    ['Applebot', 'applebot', 'applebot/'],
    ['DuckDuckBot', 'duckduckbot|duckassistbot', 'duckduckbot/'],
    ['YandexBot', 'yandex[a-z]*bot|yandeximages|yandexmobile|yandexmetrika', 'yandexbot/'],
    ['Baiduspider', 'baiduspider', 'baiduspider/'],
    ['GPTBot', 'gptbot|oai-searchbot|chatgpt-user', '(gptbot|oai-searchbot|chatgpt-user)/'],
    ['ClaudeBot', 'claudebot|claude-user|claude-searchbot|anthropic-ai', 'claudebot/'],
    ['PerplexityBot', 'perplexitybot|perplexity-user', '(perplexitybot|perplexity-user)/'],
    ['CCBot', 'ccbot', 'ccbot/'],
    ['Bytespider', 'bytespider', 'bytespider/'],
    ['Amazonbot', 'amazonbot', 'amazonbot/'],
    ['Facebook crawler', 'facebookexternalhit|facebookcatalog|meta-externalagent|meta-externalfetcher|facebot', 'facebookexternalhit/'],
    ['Twitterbot', 'twitterbot', 'twitterbot/'],
    ['LinkedInBot', 'linkedinbot', 'linkedinbot/'],
    ['Slackbot', 'slackbot|slack-imgproxy', 'slackbot[a-z-]* '],
    ['AhrefsBot', 'ahrefsbot|ahrefssiteaudit', 'ahrefsbot/'],
    ['SemrushBot', 'semrushbot|siteauditbot', 'semrushbot/'],
    ['MJ12bot', 'mj12bot', 'mj12bot/v'],
    ['PetalBot', 'petalbot', 'petalbot/'],
    ['Yahoo! Slurp', 'yahoo! slurp', 'slurp/'],
    ['UptimeRobot', 'uptimerobot', 'uptimerobot/'],
    ['Pingdom', 'pingdom', 'pingdom[^/]*_version_'],
    ['ELB health check', 'elb-healthchecker', 'elb-healthchecker/'],
    ['Headless Chrome', 'headlesschrome', 'headlesschrome/'],
    ['curl', '^curl/|^curl$|[ (]curl/', 'curl/'],
    ['Wget', '(^| )wget', 'wget/'],
    ['Python', 'python-requests|python-urllib|python-httpx|aiohttp|^python|scrapy', '(python-requests|python-urllib|python-httpx|aiohttp|scrapy)/'],
    ['Go', 'go-http-client', 'go-http-client/'],
    ['Java', '^java/|apache-httpclient|^okhttp|jakarta commons', '(java|apache-httpclient|okhttp)/'],
    ['Node.js', '^node|axios/|node-fetch|undici|^got ', '(axios|node-fetch)/'],
    ['PHP', 'guzzlehttp|^php', '(guzzlehttp|php)/'],
    ['Ruby', '^ruby|faraday|^mechanize', '(ruby|faraday v|mechanize)/?'],
    ['Perl', 'libwww-perl|lwp::|^perl', 'libwww-perl/'],
    ['Postman', 'postmanruntime', 'postmanruntime/'],
    ['Other robot', 'bot([^a-z]|$)|crawler|crawl([^a-z]|$)|spider|scraper|slurp|archiver|feedfetcher|feedly|validator|monitoring|phantomjs|puppeteer|playwright|selenium|lighthouse|zgrab|masscan|nmap|nikto|sqlmap|nuclei|censys|[(+;] ?https?://', ''],
  ]) }}
{%- endmacro %}

{% macro agent_browsers() -%}
  {{ return([
    ['Facebook app', 'fban/|fbav/|fb_iab/', 'fbav/'],
    ['Instagram app', 'instagram ', 'instagram '],
    ['Edge', 'edg/|edge/|edga/|edgios/', 'edg(e|a|ios)?/'],
    ['Opera', 'opr/|opera|opt/', '(opr|opera|opt)[/ ]'],
    ['Samsung Internet', 'samsungbrowser/', 'samsungbrowser/'],
    ['Vivaldi', 'vivaldi/', 'vivaldi/'],
    ['Yandex Browser', 'yabrowser/', 'yabrowser/'],
    ['UC Browser', 'ucbrowser/', 'ucbrowser/'],
    ['DuckDuckGo', 'duckduckgo/|ddg/', '(duckduckgo|ddg)/'],
    ['Silk', 'silk/', 'silk/'],
    ['SeaMonkey', 'seamonkey/', 'seamonkey/'],
    ['Firefox', 'firefox/|fxios/|iceweasel/', '(firefox|fxios|iceweasel)/'],
    ['Android WebView', '; wv[)].*chrome/', 'chrome/'],
    ['Chrome', 'chrome/|crios/|chromium/', '(chrome|crios|chromium)/'],
    ['Internet Explorer', 'msie |trident/.*rv:', '(msie |rv:)'],
    ['Android Browser', 'android.*version/[0-9.]+.*safari/', 'version/'],
    ['Safari', 'version/[0-9.]+.*safari/|(iphone|ipad|ipod).*applewebkit/', 'version/'],
    ['Konqueror', 'konqueror', 'konqueror/'],
    ['Lynx', '^lynx/|^links|^elinks', '^(lynx/|e?links [(]?)'],
  ]) }}
{%- endmacro %}

{# Operating systems: [name, pattern]. #}
{% macro agent_systems() -%}
  {{ return([
    ['Windows Phone', 'windows phone|iemobile'], ['Windows', 'windows|win64|win32'], ['iOS', 'iphone|ipad|ipod|cpu os [0-9_]+ like mac'],
    ['Apple TV', 'apple ?tv'], ['macOS', 'macintosh|mac os x|mac_powerpc|darwin'], ['Chrome OS', 'cros '], ['HarmonyOS', 'harmonyos|openharmony'],
    ['Tizen', 'tizen'], ['webOS', 'web0s|webos'], ['KaiOS', 'kaios'], ['Android', 'android'], ['Linux', 'linux|x11; ubuntu|ubuntu|fedora'],
    ['BSD', 'freebsd|openbsd|netbsd'], ['PlayStation', 'playstation'], ['Nintendo', 'nintendo'], ['BlackBerry', 'blackberry|bb10'],
  ]) }}
{%- endmacro %}

{# Classes of devices: [name, pattern]. Of Android devices those that do not say `mobile` are tablets, as Google asks for. #}
{% macro agent_devices() -%}
  {{ return([
    ['tv', 'smart-?tv|appletv|apple tv|googletv|hbbtv|roku|crkey|bravia|web0s|tizen.*tv|netcast|aft[a-z]+ build'], ['console', 'playstation|xbox|nintendo'],
    ['tablet', 'ipad|tablet|kindle|silk/|playbook'],
    ['phone', 'iphone|ipod|windows phone|iemobile|android.*mobile|mobile.*android|blackberry|bb10|kaios|opera mini|opera mobi|mobile;'],
    ['tablet', 'android'], ['desktop', 'windows nt|windows 9|win64|win32|macintosh|x11|cros |linux x86_64|linux i686'],
  ]) }}
{%- endmacro %}


{# The agent as the rules read it: in lower case, without the brand of telephones whose name ends in `bot`. #}
{% macro agent_text(user_agent) %}{{ return("replace(lower(" ~ user_agent ~ "), 'cubot', '')") }}{% endmacro %}

{# A case over rules; `otherwise` for an agent that none fits, null for none. #}
{% macro first_rule(text, rules, otherwise) -%}
  case when {{ text }} is null or {{ text }} in ('', '-') then null
    {%- for rule in rules %}
    when {{ lakesmith.matches(text, rule[1]) }} then '{{ rule[0] }}'
    {%- endfor %}
    else {{ otherwise }} end
{%- endmacro %}


{# True where the user agent says that a program is reading, not a person; a missing one says nothing. `pattern` stands for the rules. #}
{% macro is_bot(user_agent, pattern=none) -%}
  {%- set patterns = lakesmith.agent_robots() | map(attribute=1) | list -%}
  coalesce({{ lakesmith.matches(lakesmith.agent_text(user_agent), pattern or patterns | join('|')) }}, false)
{%- endmacro %}


{# The program: Chrome, Firefox, Safari, Googlebot, curl and so on. #}
{% macro agent_family(user_agent) -%}
  {{ lakesmith.first_rule(lakesmith.agent_text(user_agent), lakesmith.agent_robots() + lakesmith.agent_browsers(), "'unknown'") }}
{%- endmacro %}


{# The first number of the program's version, as an integer; null where it says none. #}
{% macro agent_version(user_agent) -%}
  {%- set text = lakesmith.agent_text(user_agent) -%}
  case
    {%- for rule in lakesmith.agent_robots() + lakesmith.agent_browsers() %}
    when {{ lakesmith.matches(text, rule[1]) }} then {% if rule[2] -%}
      {{ lakesmith.try_cast(lakesmith.extract_first(text, (rule[2] | replace('(', '(?:')) ~ '([0-9]{1,6})'), 'integer') }}
      {%- else -%} null {%- endif %}
    {%- endfor %}
  end
{%- endmacro %}


{# The operating system: Windows, macOS, iOS, Android, Linux and so on. #}
{% macro agent_os(user_agent) -%}
  {{ lakesmith.first_rule(lakesmith.agent_text(user_agent), lakesmith.agent_systems(), "'unknown'") }}
{%- endmacro %}


{# The class of the device: desktop, phone, tablet, tv, console, bot. An iPad that asks for desktop pages looks like a Mac. #}
{% macro agent_device(user_agent) -%}
  case when {{ lakesmith.is_bot(user_agent) }} then 'bot'
    else {{ lakesmith.first_rule(lakesmith.agent_text(user_agent), lakesmith.agent_devices(), "'unknown'") }} end
{%- endmacro %}


{# Columns of a user agent for a select list: agent_family, agent_version, agent_os, agent_device, is_bot. #}
{% macro agent_columns(user_agent) -%}
  {{ lakesmith.agent_family(user_agent) }} as agent_family,
  {{ lakesmith.agent_version(user_agent) }} as agent_version,
  {{ lakesmith.agent_os(user_agent) }} as agent_os,
  {{ lakesmith.agent_device(user_agent) }} as agent_device,
  {{ lakesmith.is_bot(user_agent) }} as is_bot
{%- endmacro %}
