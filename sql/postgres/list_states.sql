select job, key, state, version, updated_at from {state}
where ($1::text is null or job = $1) and ($2::text is null or starts_with(key, $2)) and (job, key) > ($3::text, $4::text)
order by job, key
limit $5::int8
