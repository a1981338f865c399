select key from {state}
where job = $1 and starts_with(key, $2) and ($3::text is null or key || '' > $3::text)
order by key || ''
limit $4
