select count(distinct (d.position, d.payload_sha256)) from {dead_letters} as d
where d.source = $1::text and d.parked_at > clock_timestamp() - interval '10 minutes' and d.code <> 'blocked'
  and case when $4::boolean then d.code = any($5::text[]) and d."table" is not distinct from $6::text
    else not d.code = any($5::text[]) end
  and not exists (
    select from unnest($2::text[], $3::text[]) as u(position, sha)
    where u.position = d.position and u.sha = d.payload_sha256)
