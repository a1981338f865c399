insert into {dead_letters} as d (source, position, sub, event_id, partition_key, arrived_at, epoch, decoder, "table",
  key, code, message, payload, payload_sha256, sequence_number)
select u.*
from unnest($1::text[], $2::text[], $3::int4[], $4::text[], $5::text[], $6::timestamptz[], $7::int4[], $8::text[],
  $9::text[], $10::text[], $11::text[], $12::text[], $13::bytea[], $14::text[], $15::text[])
  as u(source, position, sub, event_id, partition_key, arrived_at, epoch, decoder, tab, key, code, message, payload, sha,
    sequence_number)
order by u.source collate "C", u.position collate "C", u.sub, u.sha collate "C"
on conflict (source, position, sub, payload_sha256) do update set
  attempts = d.attempts + 1, redriven_at = null, payload = coalesce(d.payload, excluded.payload),
  code = case when excluded.code = 'blocked' then d.code else excluded.code end,
  message = case when excluded.code = 'blocked' then d.message else excluded.message end
