select column_name, data_type, column_type, numeric_precision, numeric_scale, character_set_name, collation_name
from information_schema.columns
where table_schema = ? and table_name = ?
order by ordinal_position
