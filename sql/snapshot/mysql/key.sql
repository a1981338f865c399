select index_name, column_name
from information_schema.statistics as s
where table_schema = ? and table_name = ? and non_unique = 0
  -- those of long texts are no order: what is behind max_sort_length is not sorted by
  and (index_name = 'PRIMARY' or index_type <> 'HASH' and not exists (
    select 1 from information_schema.statistics as o
    where o.table_schema = s.table_schema and o.table_name = s.table_name and o.index_name = s.index_name
      and (o.column_name is null or o.sub_part is not null or o.nullable = 'YES')))
order by index_name = 'PRIMARY' desc, index_name, seq_in_index
