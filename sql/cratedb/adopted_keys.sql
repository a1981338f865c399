select table_schema, table_name, column_details['path'][1]
from information_schema.columns
where column_details['name'] = 'pk' and array_length(column_details['path'], 1) = 1 and is_nullable = 'NO'
  and table_schema not in ('blob', 'information_schema', 'pg_catalog', 'sys')
order by table_schema, table_name, ordinal_position
