select t.key, t.pk::text, t.data::text, t.aux::text, t.version, t.deleted
from {storage} as t
where t.key = any($1::text[])
