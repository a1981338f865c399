select r.source, to_jsonb(r) ->> 'source_identity' from {registry} as r
