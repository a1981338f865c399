select r.source, r.key_names, r.scheme, r.epoch, r.view_sql, r.view_definition, to_jsonb(r) ->> 'source_identity',
  to_jsonb(r) ->> 'key_types', (to_jsonb(r) ->> 'format')::int4
from {registry} as r where r.target = $1::text
