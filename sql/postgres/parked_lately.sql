select count(*) from {dead_letters}
where source = $1::text and parked_at > clock_timestamp() - interval '10 minutes' and code <> 'blocked'
