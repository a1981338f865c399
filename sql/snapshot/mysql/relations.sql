select table_schema, table_name, coalesce(table_schema = database(), 0), table_type = 'VIEW'
from information_schema.tables
where table_type in ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW')
  and table_schema not in ('information_schema', 'mysql', 'performance_schema', 'sys')
order by table_schema, table_name
