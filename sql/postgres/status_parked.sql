select d."table", d.source, d.code = $1::text, count(*), min(d.parked_at)
from {dead_letters} as d where d.redriven_at is null group by 1, 2, 3
