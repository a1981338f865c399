insert into {state} (job, key, state, version, updated_at)
values ($1::text, $2::text, $3::text, $4::int8, clock_timestamp())
on conflict (job, key) do nothing
