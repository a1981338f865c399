insert into {dead_letters} (id, parked_at, source, position, sub, event_id, partition_key, arrived_at, epoch, decoder,
  "table", key, code, message, payload, payload_sha256, sequence_number, attempts)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 1)
on conflict (id) do update set
  attempts = attempts + 1, redriven_at = null, payload = coalesce(payload, excluded.payload),
  code = case when excluded.code = 'blocked' then code else excluded.code end,
  message = case when excluded.code = 'blocked' then message else excluded.message end
