update {registry} as r
set source_identity = $2::text, key_types = case when $5::boolean then $3::text else coalesce(r.key_types, $3::text) end
where r.target = $1::text and r.source_identity is not distinct from $4::text
