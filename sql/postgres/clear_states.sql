delete from {state}
where job = $1::text and starts_with(key, $2::text)
  and ($2::text = '' or key = $2::text or right($2::text, 1) in (' ', '/')
    or substr(key, length($2::text) + 1) ~ '^(/| [0-9]+T)')
