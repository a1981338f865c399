select t.key from {storage} as t
where t.deleted and t.applied_at < clock_timestamp() - $1::text::interval and t.key > $2::text
order by t.key
limit $3::int8
