select job, key, state, version, updated_at from {state}
where ($1::text is null or job = $1::text) and ($2::text is null or $2::text = '' or starts_with(key, $2::text))
  and (job || '' > $3 or (job = $3 and key || '' > $4))
order by job || '', key || ''
limit $5
