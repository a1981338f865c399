select t.table_type, v.view_definition
from information_schema.tables as t
left join information_schema.views as v on v.table_schema = t.table_schema and v.table_name = t.table_name
where t.table_schema = $1 and t.table_name = $2
