select key from {state}
where job = $1 and ($3::text is null or key || '' > $3::text)
  and ($2 = '' or (starts_with(key, $2)
    and (key = $2 or right($2, 1) in (' ', '/') or substr(key, length($2) + 1) ~ '(/| [0-9]+T).*')))
order by key || ''
limit $4
