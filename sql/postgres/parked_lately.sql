select count(*) from {dead_letters} as d
where d.source = $1::text and d.parked_at > clock_timestamp() - interval '10 minutes' and d.code <> 'blocked'
  and case when $5::boolean then d.code = any($6::text[]) and d."table" is not distinct from $7::text
    else not d.code = any($6::text[]) end
  and not exists (
    select from unnest($2::text[], $3::int4[], $4::text[]) as u(position, sub, sha)
    where u.position = d.position and u.sub = d.sub and u.sha = d.payload_sha256)
