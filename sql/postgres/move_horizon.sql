update {registry} set purge_horizon = greatest(purge_horizon, clock_timestamp() - $2::text::interval)
where target = $1::text
returning purge_horizon
