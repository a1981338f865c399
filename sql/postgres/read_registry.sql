select source, key_names, scheme, epoch, view_sql, view_definition
from {registry} where target = $1::text
