select r.target, r.target_schema, r.target_name, r.storage, r.source, r.layout, r.purge_horizon, r.key_names, r.scheme,
  r.epoch, to_jsonb(r) ->> 'source_identity', (to_jsonb(r) ->> 'format')::int4
from {registry} as r order by r.target
