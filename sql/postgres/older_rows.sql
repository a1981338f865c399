select t.key, t.pk::text, t.aux::text from {storage} as t
where not t.deleted and t.version < $1::text collate "C" and t.key > $2::text
order by t.key
limit $3::int8
