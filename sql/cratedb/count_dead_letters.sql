select code, count(*)
from {dead_letters}
where ($1::text is null or "table" = $1::text) and ($2::array(text) is null or code = any($2::array(text)))
  and ($3::text is null or key = $3::text) and ($4::timestamptz is null or parked_at >= $4::timestamptz)
  and ($5::array(bigint) is null or id = any($5::array(bigint))) and (not $6::boolean or redriven_at is null)
group by code
order by 2 desc, 1
