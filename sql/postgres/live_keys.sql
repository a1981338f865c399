select t.key from {storage} as t
where not t.deleted and t.key > $1::text
order by t.key
limit $2::int8
