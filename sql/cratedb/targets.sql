select target, target_schema, target_name, storage, source, layout, purge_horizon, key_names, scheme, epoch{identity}
from {registry} order by target
