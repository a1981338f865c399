select code, count(*)
from {dead_letters}
where ($1::text is null or "table" = $1) and ($2::text[] is null or code = any($2)) and ($3::text is null or key = $3)
  and ($4::timestamptz is null or parked_at >= $4) and ($5::int8[] is null or id = any($5))
  and (not $6::boolean or redriven_at is null)
group by code
order by 2 desc, 1
