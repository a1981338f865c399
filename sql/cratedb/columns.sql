select column_details['name'], column_details['path'],
  case when is_generated = 'ALWAYS' then 'generated' else data_type end, column_details['policy'],
  character_maximum_length, is_nullable
from information_schema.columns
where table_schema = $1 and table_name = $2
order by ordinal_position
