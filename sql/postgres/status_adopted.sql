select count(*), count(*) filter (where {is_deleted}) from {storage} as t
