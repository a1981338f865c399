select d."table", count(*), min(d.parked_at) from {dead_letters} as d where d.redriven_at is null group by d."table"
