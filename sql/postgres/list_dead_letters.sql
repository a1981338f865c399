select id, parked_at, source, position, sub, event_id, partition_key, arrived_at, epoch, decoder, "table", key, code,
  message, payload_sha256, attempts, redriven_at, sequence_number
from {dead_letters}
where ($1::text is null or "table" = $1) and ($2::text[] is null or code = any($2)) and ($3::text is null or key = $3)
  and ($4::timestamptz is null or parked_at >= $4) and ($5::int8[] is null or id = any($5))
  and (not $6::boolean or redriven_at is null) and id > $7::int8
order by id
limit $8::int8
