update {state} set state = $3::text, version = $4::int8, updated_at = clock_timestamp()
where job = $1::text and key = $2::text and version = $5::int8
