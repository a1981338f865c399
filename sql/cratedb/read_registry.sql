select source, key_names, scheme, epoch, layout, view_sql, purge_horizon{identity}
from {registry} where target = $1
