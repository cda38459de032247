{#
  What a warehouse's list of queries shows of each of our statements, as JSON: run, step, model and target. No value of
  a row and no secret is in it. In dbt_project.yml:

    query-comment: {comment: "{{ lakesmith.query_comment(node) }}", append: true, job-label: true}

  append: Snowflake takes comments off the beginning of a statement. job-label: BigQuery makes labels of it.
#}
{% macro query_comment(node) -%}
  {%- set said = {
    'app': 'lakesmith',
    'run': env_var('LAKESMITH_RUN_ID', ''),
    'step': env_var('LAKESMITH_RUN_STEP', ''),
    'target': target.name,
  } -%}
  {%- if node -%}
    {%- do said.update({'model': node.unique_id}) -%}
  {%- endif -%}
  {{ return(tojson(said, sort_keys=true) | replace('*/', '*')) }}
{%- endmacro %}
