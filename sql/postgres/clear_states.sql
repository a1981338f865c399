delete from {state} where job = $1::text and starts_with(key, $2::text)
