insert into {state} (job, key, state, version, updated_at)
values ($1, $2, $3, $4, current_timestamp)
on conflict (job, key) do nothing
