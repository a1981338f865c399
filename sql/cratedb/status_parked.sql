select "table", source, code = $1::text, count(*), min(parked_at)
from {dead_letters} where redriven_at is null group by "table", source, code = $1::text
