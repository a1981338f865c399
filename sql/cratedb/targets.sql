select target, target_schema, target_name, storage, source, layout, purge_horizon from {registry} order by target
